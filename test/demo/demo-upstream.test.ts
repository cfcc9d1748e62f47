import assert from 'node:assert/strict';
import { chmod, mkdir, readdir, writeFile } from 'node:fs/promises';
import { test } from 'node:test';
import { startDemoStore } from '../../src/demo/demo-store.ts';
import { findDemoUpstream } from '../../src/demo/demo-upstream.ts';
import type { PushgatewaySource } from '../../src/demo/fetch-pushgateway.ts';
import { createScratch } from '../support/scratch.ts';

async function writeProgram(file: string, version: string): Promise<string> {
  const script = `#!/bin/sh\necho "pushgateway, version ${version} (branch: HEAD)"\n`;
  await writeFile(file, script, { mode: 0o700 });
  return file;
}

function sourceOf(fetch: PushgatewaySource['fetch'], isFor = true): PushgatewaySource {
  return { name: 'a source', isFor: async () => isFor, fetch };
}

const broken = sourceOf(() => Promise.reject(new Error('no way')));

async function createPlace() {
  const scratch = await createScratch();
  await mkdir(`${scratch.path}/bin`);
  const said: string[] = [];
  const options = {
    url: undefined,
    searchPath: `relative:/none:${scratch.path}/bin`,
    cacheFolder: `${scratch.path}/cache/pushwarden`,
    sources: [],
    say: (line: string) => void said.push(line),
  };
  return { scratch, said, options, [Symbol.asyncDispose]: () => scratch[Symbol.asyncDispose]() };
}

test('a given URL is taken before all else, with the version that it reports', async () => {
  await using place = await createPlace();
  await writeProgram(`${place.scratch.path}/bin/pushgateway`, '1.2.3');
  await using store = await startDemoStore(Date.now);
  const found = await findDemoUpstream({ ...place.options, url: store.url });
  assert.deepEqual(found, { kind: 'url', url: store.url, version: 'demo-store' });
});

for (const name of ['pushgateway', 'prometheus-pushgateway']) {
  test(`${name} on the search path is taken before anything is fetched`, async () => {
    await using place = await createPlace();
    const command = await writeProgram(`${place.scratch.path}/bin/${name}`, '1.2.3');
    const found = await findDemoUpstream({ ...place.options, sources: [broken] });
    assert.deepEqual(found, {
      kind: 'program',
      command,
      version: '1.2.3',
      origin: 'found on PATH',
    });
    assert.deepEqual(place.said, []);
  });
}

test('a program of that name that is something else is passed over', async () => {
  await using place = await createPlace();
  const file = await place.scratch.write('bin/pushgateway', '#!/bin/sh\necho 1.2.3\n');
  await chmod(file, 0o700);
  assert.deepEqual(await findDemoUpstream(place.options), { kind: 'store' });
});

test('a Pushgateway is fetched once and then taken from the cache', async () => {
  await using place = await createPlace();
  const source = sourceOf((folder) => writeProgram(`${folder}/fetched`, '4.5.6'));
  const options = { ...place.options, sources: [broken, source] };
  const command = `${options.cacheFolder}/pushgateway`;
  const program = { kind: 'program', command, version: '4.5.6' };
  assert.deepEqual(await findDemoUpstream(options), { ...program, origin: 'fetched now' });
  assert.deepEqual(place.said, [
    'no Pushgateway here; fetching a source',
    '  failed: no way',
    'no Pushgateway here; fetching a source',
  ]);
  assert.deepEqual(await readdir(options.cacheFolder), ['pushgateway']);
  const again = await findDemoUpstream({ ...options, sources: [broken] });
  assert.deepEqual(again, { ...program, origin: 'fetched before' });
});

test('what was fetched and does not run is thrown away', async () => {
  await using place = await createPlace();
  const source = sourceOf(async (folder) => {
    await writeFile(`${folder}/fetched`, 'not a program');
    return `${folder}/fetched`;
  });
  const options = { ...place.options, sources: [source] };
  assert.deepEqual(await findDemoUpstream(options), { kind: 'store' });
  assert.deepEqual(place.said.at(-1), '  failed: what was fetched does not run here');
  assert.deepEqual(await readdir(options.cacheFolder), []);
});

test('a source that is not for this machine is not tried', async () => {
  await using place = await createPlace();
  const source = sourceOf(() => Promise.reject(new Error('tried')), false);
  const found = await findDemoUpstream({ ...place.options, sources: [source] });
  assert.deepEqual(found, { kind: 'store' });
  assert.deepEqual(place.said, []);
});
