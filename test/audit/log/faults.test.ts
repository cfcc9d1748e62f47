import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { scrypt } from 'node:crypto';
import { readFileSync, renameSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { openAuditLog } from '../../../src/audit/log/audit-log.ts';
import { listSegments } from '../../../src/audit/segments.ts';
import type { RecoveryCause } from '../../../src/core/audit/audit-record.ts';
import { nodeFileSystem } from '../../../src/disk/file-system.ts';
import { eventually } from '../../support/eventually.ts';
import { createScratch, type Scratch } from '../../support/scratch.ts';
import { assertWhole, decision, outcome, verifyAll } from '../chain-fixture.ts';
import { mountSmallDisk, readAuditFiles, underStrace } from '../disk-faults.ts';
import { WriterProcess } from '../writer-process.ts';
import type { WriterProgramOptions } from '../writer-program.ts';

// Rows of the fault matrix that end in the audit log, on real disks and real processes. They need
// root (a small tmpfs) and strace, and fail without.

function fileIn(scratch: Scratch): string {
  return join(scratch.path, 'audit.jsonl');
}

/** Request ids of the records of one kind. */
function idsOf(file: string, event: string): ReadonlySet<unknown> {
  return new Set(
    readAuditFiles(file).flatMap((record) =>
      record.event === event && 'request_id' in record ? [record.request_id] : [],
    ),
  );
}

/** What the log recovered from. */
function recoveriesOf(file: string): readonly RecoveryCause[] {
  return readAuditFiles(file).flatMap((record) =>
    record.event === 'recovered' ? [record.cause] : [],
  );
}

function options(file: string, more: Partial<WriterProgramOptions> = {}): WriterProgramOptions {
  return { config: { file }, concurrency: 4, prefix: 'r', ...more };
}

/** What was acknowledged is in the log, what was refused before it began is not. */
function assertTold(writer: WriterProcess, file: string): void {
  const decided = idsOf(file, 'decision');
  const done = idsOf(file, 'outcome');
  for (const id of writer.details('decided')) assert.ok(decided.has(id), `decision of ${id}`);
  for (const id of writer.details('done')) assert.ok(done.has(id), `outcome of ${id}`);
  const begun = new Set(writer.details('decided'));
  for (const detail of writer.details('refused')) {
    const [id = ''] = detail.split(' ');
    if (!begun.has(id)) assert.ok(!decided.has(id), `no decision of ${id}`);
  }
}

test('rows 17 and 18: a full disk refuses pushes, holds no torn record, and heals by itself', async () => {
  await using scratch = await createScratch();
  await using disk = await mountSmallDisk(scratch, '256k');
  const file = join(disk.path, 'audit.jsonl');
  await using writer = new WriterProcess(options(file));
  await writer.until('refused', 8);
  await assertWhole(nodeFileSystem, readAuditFiles(file).length, file);
  assertTold(writer, file);
  assert.match(writer.details('refused').at(-1) ?? '', /cannot be written: .*(ENOSPC|full)/);

  const before = writer.details('done').length;
  execFileSync('mount', ['-o', 'remount,size=8m', disk.path]);
  await writer.until('done', before + 50);
  assert.equal(await writer.end('SIGTERM'), 0);
  assert.equal(readAuditFiles(file).filter(({ event }) => event === 'recovered').length, 1);
  await assertWhole(nodeFileSystem, readAuditFiles(file).length, file);
  assertTold(writer, file);
});

test('row 17: what has begun when the disk is full is recorded to its end', async () => {
  await using scratch = await createScratch();
  await using disk = await mountSmallDisk(scratch, '256k');
  const file = join(disk.path, 'audit.jsonl');
  await using writer = new WriterProcess(options(file, { concurrency: 8 }));
  await writer.until('refused', 8);
  assert.deepEqual(idsOf(file, 'outcome'), idsOf(file, 'decision'));
});

test('row 19: a sync that fails once refuses pushes until a new segment is begun', async () => {
  await using scratch = await createScratch();
  const file = fileIn(scratch);
  const wrapper = underStrace(file, 'fdatasync:error=EIO:when=21');
  await using writer = new WriterProcess(options(file, { pushes: 60 }), wrapper);
  assert.equal(await writer.ended(), 0);
  assert.ok(writer.details('refused').length > 0);
  assert.match(writer.details('refused')[0] ?? '', /cannot sync: EIO/);
  assert.equal(listSegments(nodeFileSystem, file).length, 2);
  assert.deepEqual(recoveriesOf(file), ['sync_failed']);
  await assertWhole(nodeFileSystem, readAuditFiles(file).length, file);
  assertTold(writer, file);
});

test('row 20: a slow disk makes pushes slower, not wrong', async () => {
  await using scratch = await createScratch();
  const file = fileIn(scratch);
  const wrapper = underStrace(file, 'fdatasync:delay_enter=100000');
  await using writer = new WriterProcess(options(file, { pushes: 12, concurrency: 12 }), wrapper);
  assert.equal(await writer.ended(), 0);
  assert.equal(writer.details('done').length, 12);
  assert.deepEqual(writer.details('refused'), []);
  await assertWhole(nodeFileSystem, 25, file);
});

test('a disk that hangs refuses pushes after the deadline and is recorded once it is back', async () => {
  await using scratch = await createScratch();
  const file = fileIn(scratch);
  const wrapper = underStrace(file, 'fdatasync:delay_enter=1500000:when=3');
  const timing = { deadlineMs: 300 };
  await using writer = new WriterProcess(options(file, { timing }), wrapper);
  await writer.until('refused', 4);
  assert.match(writer.details('refused')[0] ?? '', /the disk does not answer/);
  await writer.until('done', 20);
  assert.equal(await writer.end('SIGTERM'), 0);
  const records = readAuditFiles(file);
  assert.deepEqual(recoveriesOf(file), ['stalled']);
  await assertWhole(nodeFileSystem, records.length, file);
});

test('an interrupted write and a write that fails leave whole records', async () => {
  await using scratch = await createScratch();
  const file = fileIn(scratch);
  const wrapper = underStrace(file, 'write:error=EIO:when=5', 'fdatasync:error=EINTR:when=9');
  await using writer = new WriterProcess(options(file, { pushes: 60 }), wrapper);
  assert.equal(await writer.ended(), 0);
  assert.ok(writer.details('refused').length > 0);
  await assertWhole(nodeFileSystem, readAuditFiles(file).length, file);
  assertTold(writer, file);
});

describe('row 23: a file touched from outside', () => {
  for (const [name, touch, segments] of [
    ['removed', (file: string) => rmSync(file), 1],
    ['moved', (file: string) => renameSync(file, `${file}.1`), 1],
    ['cut', (file: string) => truncateSync(file, 700), 2],
    [
      'copied and truncated',
      (file: string) => {
        writeFileSync(`${file}.1`, readFileSync(file));
        truncateSync(file, 0);
      },
      1,
    ],
  ] as const) {
    test(`${name} refuses pushes, then goes on in a new segment that tells of it`, async () => {
      await using scratch = await createScratch();
      const file = fileIn(scratch);
      await using writer = new WriterProcess(options(file));
      await writer.until('done', 20);
      touch(file);
      await writer.until('refused');
      await writer.until('done', writer.details('done').length + 20);
      assert.equal(await writer.end('SIGTERM'), 0);
      const paths = listSegments(nodeFileSystem, file);
      assert.equal(paths.length, segments);
      const [first] = readFileSync(file, 'utf8').split('\n', 1);
      const { event, cause } = JSON.parse(first ?? '');
      assert.deepEqual({ event, cause }, { event: 'recovered', cause: 'file_changed' });
      assert.equal(
        (await verifyAll({ ...nodeFileSystem, list: () => [] }, file)).firstBreak,
        undefined,
      );
    });
  }
});

describe('row 24: two gateways on one file', () => {
  test('the second one is refused', async () => {
    await using scratch = await createScratch();
    const file = fileIn(scratch);
    await using first = new WriterProcess(options(file));
    await first.until('opened');
    const impatient = options(file, { timing: { lockWaitMs: 0 } });
    await using second = new WriterProcess(impatient);
    assert.equal(await second.ended(), 1);
    assert.match(second.details('failed')[0] ?? '', /is held by another gateway/);
    await first.end('SIGTERM');
    await assertWhole(nodeFileSystem, readAuditFiles(file).length, file);
  });

  test('row 26: the second one waits, and takes over when the first has ended', async () => {
    await using scratch = await createScratch();
    const file = fileIn(scratch);
    await using first = new WriterProcess(options(file, { prefix: 'first' }));
    await first.until('done', 10);
    await using second = new WriterProcess(options(file, { prefix: 'second', pushes: 10 }));
    await second.until('log');
    assert.match(second.details('log')[0] ?? '', /waiting for another gateway/);
    assert.deepEqual(second.details('opened'), []);
    assert.equal(await first.end('SIGTERM'), 0);
    assert.equal(await second.ended(), 0);
    await assertWhole(nodeFileSystem, readAuditFiles(file).length, file);
    assert.ok(readAuditFiles(file).every(({ event }) => event !== 'recovered'));
  });

  test('a killed one leaves no lock behind', async () => {
    await using scratch = await createScratch();
    const file = fileIn(scratch);
    const first = new WriterProcess(options(file));
    await first.until('done', 10);
    await first.end('SIGKILL');
    const impatient = options(file, { pushes: 1, prefix: 'next', timing: { lockWaitMs: 0 } });
    await using second = new WriterProcess(impatient);
    assert.equal(await second.ended(), 0);
  });
});

test('row 51: a full pool of threads does not hold a record back', async () => {
  await using scratch = await createScratch();
  const clock = { now: () => Date.now(), monotonic: () => performance.now() };
  const log = { info: () => {}, warn: () => {}, error: () => {} };
  const config = { sync: 'batch', onFailure: 'deny', rotateBytes: 1 << 30, keep: 30 } as const;
  const audit = await openAuditLog({ file: fileIn(scratch), ...config }, { clock, log });
  let hashes = 0;
  const flood = Array.from(
    { length: 40 },
    () =>
      new Promise<void>((resolve) => {
        scrypt('password', 'salt', 32, () => {
          hashes += 1;
          resolve();
        });
      }),
  );
  await audit.append(decision('a'));
  await audit.append(outcome('a'));
  assert.ok(hashes < 40, `the records came after ${hashes} of 40 hashes`);
  await Promise.all(flood);
  await audit.close();
});

test('row 52: a flood of refusals does not fill the disk, and is counted exactly', async () => {
  await using scratch = await createScratch();
  const file = fileIn(scratch);
  const clock = { now: () => Date.now(), monotonic: () => performance.now() };
  const log = { info: () => {}, warn: () => {}, error: () => {} };
  const config = { sync: 'none', onFailure: 'deny', rotateBytes: 1 << 30, keep: 30 } as const;
  const audit = await openAuditLog({ file, ...config }, { clock, log });
  const refused = { decision: 'deny', reason: 'credential_missing' } as const;
  for (let index = 0; index < 100_000; index += 1) {
    audit.record(decision(`r${index}`, { ...refused, client_ip: `10.0.${index % 50}.1` }));
  }
  await audit.close();
  const records = readAuditFiles(file);
  const counted = records.reduce(
    (sum, record) => sum + (record.event === 'aggregate' ? record.count : 0),
    0,
  );
  const single = records.filter(({ event }) => event === 'decision').length;
  assert.equal(single + counted, 100_000);
  assert.ok(statSync(file).size < 1024 * 1024);
});

test('on_failure: continue lets pushes through a full disk and records them when there is room', async () => {
  await using scratch = await createScratch();
  await using disk = await mountSmallDisk(scratch, '64k');
  const file = join(disk.path, 'audit.jsonl');
  const config = { file, onFailure: 'continue' as const };
  await using writer = new WriterProcess(options(file, { config, restMs: 2 }));
  await writer.until('log');
  await writer.until('done', writer.details('done').length + 100);
  execFileSync('mount', ['-o', 'remount,size=8m', disk.path]);
  await eventually('the end of the outage', () =>
    writer.details('log').find((message) => message.endsWith('is written again')),
  );
  assert.equal(await writer.end('SIGTERM'), 0);
  assert.deepEqual(writer.details('refused'), []);
  await assertWhole(nodeFileSystem, readAuditFiles(file).length, file);
  assertTold(writer, file);
});
