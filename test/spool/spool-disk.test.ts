import assert from 'node:assert/strict';
import {
  closeSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
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
const SOON_MS = 60_000;
const textOf = async (disk: SpoolDisk, seq: number): Promise<string> =>
  Buffer.from((await disk.body(seq)) ?? []).toString();

test('what was written is there after the spool was opened again', async (t) => {
  const { disk, directory } = await open(t);
  await disk.write(written(1, 'first\n'), SOON_MS);
  await disk.write(written(2, 'second\n'), SOON_MS);
  await disk.write({ written: [{ entry: entry(2, { sentAt: 7 }) }], removed: [1] }, SOON_MS);
  await disk.close();
  const { disk: again } = await open(t, directory);
  assert.deepEqual(again.entries, [entry(2, { sentAt: 7 })]);
  assert.equal(await textOf(again, 2), 'second\n');
  assert.equal(await again.body(1), undefined);
});

test('writes that come together all go to disk, and one that cannot fails alone', async (t) => {
  const { disk } = await open(t);
  await disk.write(written(2), SOON_MS);
  const results = await Promise.allSettled(
    [1, 2, 3].map((seq) => disk.write(written(seq), SOON_MS)),
  );
  assert.deepEqual(
    results.map(({ status }) => status),
    ['fulfilled', 'rejected', 'fulfilled'],
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
  await disk.write(written(1), SOON_MS);
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

test('what is damaged on disk is never taken for what was pushed', async (t) => {
  const { disk, directory } = await open(t);
  for (const seq of [1, 2, 3]) await disk.write(written(seq), SOON_MS);
  await disk.close();
  const database = new DatabaseSync(join(directory, 'spool.db'));
  database.exec("UPDATE push SET body = CAST('m 2' AS BLOB) WHERE seq = 1");
  database.exec(
    `UPDATE push SET request = replace(request, '"/metrics/job/a"', '"/x"') WHERE seq = 2`,
  );
  database.close();
  const { disk: again } = await open(t, directory);
  assert.deepEqual(
    again.entries.map(({ seq }) => seq),
    [1, 3],
  );
  assert.equal(again.damaged, 1);
  await assert.rejects(again.body(1), { isDamaged: true });
  assert.equal(await textOf(again, 3), 'm 1\n');
});

for (const name of ['spool.db', 'spool.db-wal']) {
  test(`nothing is on disk any more once ${name} was removed, and it is said so`, async (t) => {
    const { disk, directory } = await open(t);
    await disk.write(written(1), SOON_MS);
    rmSync(join(directory, name));
    await assert.rejects(disk.write(written(2), SOON_MS), {
      message: `${join(directory, name)} was removed or replaced while it is in use: start the gateway anew`,
    });
    assert.equal(await textOf(disk, 1), 'm 1\n');
  });
}

test('a state that is lost or nonsense costs its push alone', async (t) => {
  const { disk, directory } = await open(t);
  for (const seq of [1, 2, 3]) await disk.write(written(seq), SOON_MS);
  await disk.close();
  const database = new DatabaseSync(join(directory, 'spool.db'));
  database.exec("UPDATE state SET state = 'waitin' WHERE seq = 1; DELETE FROM state WHERE seq = 2");
  database.close();
  const { disk: again } = await open(t, directory);
  assert.deepEqual(
    again.entries.map(({ seq }) => seq),
    [3],
  );
  assert.equal(again.damaged, 2);
});

test('a spool of another version is refused and left alone', async (t) => {
  const { disk, directory } = await open(t);
  await disk.write(written(1), SOON_MS);
  await disk.close();
  const path = join(directory, 'spool.db');
  const database = new DatabaseSync(path);
  database.exec('PRAGMA user_version = 99');
  database.close();
  const before = readFileSync(path);
  await assert.rejects(openSpoolDisk({ directory, lockWaitMs: 0 }), {
    code: 'ERR_SPOOL_UNAVAILABLE',
    message: /spool.db is of another version of pushwarden: start that one, or move the directory/,
  });
  assert.deepEqual(readFileSync(path), before);
});

test('a database that is broken is refused with what to do', async (t) => {
  const { disk, directory } = await open(t);
  for (let seq = 0; seq < 50; seq += 1) await disk.write(written(seq, 'x'.repeat(2000)), SOON_MS);
  await disk.close();
  const path = join(directory, 'spool.db');
  const fd = openSync(path, 'r+');
  writeSync(fd, Buffer.alloc(8192, 0xff), 0, 8192, 100);
  closeSync(fd);
  await assert.rejects(openSpoolDisk({ directory, lockWaitMs: 0 }), {
    code: 'ERR_SPOOL_UNAVAILABLE',
    message:
      /^cannot open the spool in .*: to go on without what waits in it, stop the gateway and move/,
  });
});
