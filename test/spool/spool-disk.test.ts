import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { SpoolEntry } from '../../src/core/spool/spool-entry.ts';
import { openSpoolDisk, type SpoolDisk } from '../../src/spool/spool-disk.ts';
import { request } from '../core/spool/entries.ts';
import { createScratch } from '../support/scratch.ts';

const entry = (seq: number, change: Partial<SpoolEntry> = {}): SpoolEntry => ({
  ...request('POST'),
  ...{ seq, state: 'waiting', sentAt: undefined, storedAt: undefined },
  ...change,
});
const written = (seq: number, text = 'm 1\n', change: Partial<SpoolEntry> = {}) => ({
  written: [{ entry: entry(seq, change), body: Buffer.from(text) }],
  removed: [],
});
async function makeDirectory(t: TestContext): Promise<string> {
  const scratch = await createScratch();
  t.after(() => scratch[Symbol.asyncDispose]());
  return scratch.path;
}

async function open(t: TestContext, given?: string) {
  const directory = given ?? join(await makeDirectory(t), 'spool');
  const disk = await openSpoolDisk({ directory, lockWaitMs: 0 });
  t.after(() => disk.close());
  return { directory, disk };
}
const textOf = async (disk: SpoolDisk, seq: number): Promise<string> =>
  Buffer.from((await disk.body(seq)) ?? []).toString();

test('what was written is there after the spool was opened again', async (t) => {
  const { disk, directory } = await open(t);
  await disk.write(written(1, 'first\n'));
  await disk.write(written(2, 'second\n'));
  await disk.write({ written: [{ entry: entry(2, { sentAt: 7 }) }], removed: [1] });
  await disk.close();
  const { disk: again } = await open(t, directory);
  assert.deepEqual(again.entries, [entry(2, { sentAt: 7 })]);
  assert.equal(await textOf(again, 2), 'second\n');
  assert.equal(await again.body(1), undefined);
});

test('writes that come together all go to disk, and one that cannot fails alone', async (t) => {
  const { disk } = await open(t);
  await disk.write(written(2));
  const results = await Promise.allSettled([1, 2, 3].map((seq) => disk.write(written(seq))));
  assert.deepEqual(
    results.map(({ status }) => status),
    ['fulfilled', 'rejected', 'fulfilled'],
  );
});

test('what nobody waits for any more is not kept', async (t) => {
  const { disk, directory } = await open(t);
  const late = Array.from({ length: 20 }, (_, seq) =>
    disk.write(written(seq, 'x'.repeat(1_000_000)), 0.01),
  );
  const results = await Promise.allSettled(late);
  assert.ok(results.some(({ status }) => status === 'rejected'));
  await disk.write(written(99));
  await disk.close();
  const { disk: again } = await open(t, directory);
  const kept = results.flatMap(({ status }, seq) => (status === 'fulfilled' ? [seq] : []));
  assert.deepEqual(
    again.entries.map(({ seq }) => seq),
    [...kept, 99],
  );
});

test('two gateways never have one spool', async (t) => {
  const { directory } = await open(t);
  await assert.rejects(openSpoolDisk({ directory, lockWaitMs: 100 }), {
    code: 'ERR_SPOOL_UNAVAILABLE',
    message: /is held by another gateway: stop it, or give this one a spool\.dir of its own/,
  });
});

test('nobody but the user of the gateway may read the spool', async (t) => {
  const { disk, directory } = await open(t);
  await disk.write(written(1));
  for (const name of ['spool.db', 'spool.db-wal']) {
    assert.equal(statSync(join(directory, name)).mode & 0o077, 0, name);
  }
  assert.equal(statSync(directory).mode & 0o077, 0);
});

test('only a regular file may stand where the spool is', async (t) => {
  const directory = await makeDirectory(t);
  writeFileSync(join(directory, 'other'), 'untouched');
  symlinkSync('other', join(directory, 'spool.db'));
  await assert.rejects(openSpoolDisk({ directory, lockWaitMs: 0 }), {
    code: 'ERR_SPOOL_UNAVAILABLE',
    message: /spool\.db is a symbolic link: only a regular file, or nothing, may stand there/,
  });
  assert.equal(readFileSync(join(directory, 'other'), 'utf8'), 'untouched');
});

test('a file that is no spool is refused and left alone', async (t) => {
  const directory = join(await makeDirectory(t), 'spool');
  mkdirSync(directory);
  writeFileSync(join(directory, 'spool.db'), 'no database at all, but a page of text'.repeat(99));
  await assert.rejects(openSpoolDisk({ directory, lockWaitMs: 0 }), {
    code: 'ERR_SPOOL_UNAVAILABLE',
    message: /file is not a database/,
  });
});
