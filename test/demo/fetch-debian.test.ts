import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmod, mkdir, readFile, stat } from 'node:fs/promises';
import { after, before, test } from 'node:test';
import { createDebianSource } from '../../src/demo/fetch-debian.ts';
import { createScratch, type Scratch } from '../support/scratch.ts';

const PROGRAM = '#!/bin/sh\necho "pushgateway, version 9.9.9 (branch: debian)"\n';
const FILE = 'prometheus-pushgateway_9.9.9_all.deb';
const SEARCH_PATH = process.env['PATH'];

/** An archive of one package in a folder, which apt is led to instead of the system's. */
async function writeArchive(scratch: Scratch): Promise<void> {
  await mkdir(`${scratch.path}/package/DEBIAN`, { recursive: true });
  await mkdir(`${scratch.path}/package/usr/bin`, { recursive: true });
  await chmod(`${scratch.path}/package/DEBIAN`, 0o755);
  const control = [
    'Package: prometheus-pushgateway',
    'Version: 9.9.9',
    'Architecture: all',
    'Maintainer: Nobody <nobody@example.com>',
    'Description: a stand-in',
  ];
  await scratch.write('package/DEBIAN/control', `${control.join('\n')}\n`);
  await chmod(await scratch.write('package/usr/bin/prometheus-pushgateway', PROGRAM), 0o755);
  await mkdir(`${scratch.path}/archive`);
  execFileSync('dpkg-deb', ['--build', 'package', `archive/${FILE}`], { cwd: scratch.path });
  const deb = await readFile(`${scratch.path}/archive/${FILE}`);
  const sum = createHash('sha256').update(deb).digest('hex');
  const entry = [...control, `Filename: ./${FILE}`, `Size: ${deb.length}`, `SHA256: ${sum}`];
  await scratch.write('archive/Packages', `${entry.join('\n')}\n`);
  await scratch.write('sources.list', `deb [trusted=yes] file:${scratch.path}/archive ./\n`);
  await mkdir(`${scratch.path}/lists/partial`, { recursive: true });
  await scratch.write(
    'apt.conf',
    [
      `Dir::Etc::sourcelist "${scratch.path}/sources.list";`,
      'Dir::Etc::sourceparts "-";',
      `Dir::State::Lists "${scratch.path}/lists";`,
    ].join('\n'),
  );
}

let scratch: Scratch;
before(async () => {
  scratch = await createScratch();
  await writeArchive(scratch);
  process.env['APT_CONFIG'] = `${scratch.path}/apt.conf`;
});
after(async () => {
  await scratch[Symbol.asyncDispose]();
});

test('the program of the package is fetched where the system has no package lists', async () => {
  const source = createDebianSource(SEARCH_PATH);
  assert.equal(await source.isFor(), true);
  const work = `${scratch.path}/first`;
  await mkdir(work);
  const file = await source.fetch(work);
  assert.equal(await readFile(file, 'utf8'), PROGRAM);
  assert.ok(file.startsWith(work));
});

test('the program of the package is fetched with the package lists of the system', async () => {
  const args = ['-qq', '-o', `Dir::Cache=${scratch.path}/cache`, 'update'];
  execFileSync('apt-get', args, { stdio: 'ignore' });
  const work = `${scratch.path}/second`;
  await mkdir(work);
  const file = await createDebianSource(SEARCH_PATH).fetch(work);
  assert.equal(await readFile(file, 'utf8'), PROGRAM);
  await assert.rejects(stat(`${work}/lists/lock`), { code: 'ENOENT' });
});

test('a package that the archive does not have is a failure', async () => {
  await scratch.write('sources.list', '');
  const work = `${scratch.path}/third`;
  await mkdir(work);
  await assert.rejects(createDebianSource(SEARCH_PATH).fetch(work), {
    stderr: /prometheus-pushgateway/,
  });
});

test('the package is not tried where there is no apt-get', async () => {
  assert.equal(await createDebianSource('/none').isFor(), false);
});
