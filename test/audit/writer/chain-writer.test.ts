import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { CHECKPOINT_RECORDS, createCheckpointSigner } from '../../../src/audit/checkpoint.ts';
import type { AuditEvent } from '../../../src/core/audit/audit-record.ts';
import { fileError, MemoryFileSystem } from '../../disk/memory-file-system.ts';
import {
  assertWhole,
  batch,
  decision,
  FILE,
  NOON,
  openWriter,
  outcome,
  readRecords,
  verifyAll,
} from '../chain-fixture.ts';

const SEGMENT_1 = `${FILE}.000000000001`;

test('ChainWriter writes the records of a batch in order and syncs them once', async () => {
  const fs = new MemoryFileSystem();
  const writer = openWriter(fs);
  writer.commit(batch(decision('a'), decision('b'), outcome('a')));
  assert.deepEqual(
    readRecords(fs).map(({ seq, event }) => `${seq} ${event}`),
    ['1 decision', '2 decision', '3 outcome'],
  );
  assert.equal(fs.calls.filter((call) => call === 'sync').length, 1);
  assert.equal(writer.head.seq, 3);
  await assertWhole(fs, 3);
});

test('ChainWriter leaves syncing to the system when told so, until it closes', async () => {
  const fs = new MemoryFileSystem();
  const writer = openWriter(fs, { sync: false });
  writer.commit(batch(decision('a')));
  assert.ok(!fs.calls.includes('sync'));
  writer.close('2026-11-22T12:00:00.000Z');
  assert.ok(fs.calls.includes('sync'));
  assert.equal(fs.openCount, 0);
});

test('ChainWriter goes on with the chain of a former process', async () => {
  const fs = new MemoryFileSystem();
  openWriter(fs).commit(batch(decision('a')));
  const writer = openWriter(fs);
  assert.equal(writer.head.seq, 1);
  writer.commit(batch(outcome('a')));
  await assertWhole(fs, 2);
});

describe('a batch that fails', () => {
  test('is cut from the file when the disk is full, and the next one follows', async () => {
    const fs = new MemoryFileSystem();
    const writer = openWriter(fs);
    writer.commit(batch(decision('a')));
    const whole = fs.content(FILE);
    let calls = 0;
    fs.faults.append = () => ({ taken: calls++ === 0 ? 20 : 0, error: fileError('ENOSPC') });
    assert.throws(() => writer.commit(batch(decision('b'))), /cannot write: ENOSPC/);
    assert.equal(fs.content(FILE), whole);
    assert.equal(writer.head.seq, 1);
    fs.faults = {};
    writer.commit(batch(decision('c')));
    assert.deepEqual(fs.names(), [FILE]);
    await assertWhole(fs, 2);
  });

  test('leaves a segment behind when it cannot be cut', async () => {
    const fs = new MemoryFileSystem();
    const writer = openWriter(fs);
    writer.commit(batch(decision('a')));
    let calls = 0;
    fs.faults.append = () => ({ taken: calls++ === 0 ? 20 : 0, error: fileError('EIO') });
    fs.faults.truncate = () => fileError('EIO');
    assert.throws(() => writer.commit(batch(decision('b'))), /cannot write: EIO/);
    fs.faults = {};
    writer.commit(batch(decision('c')));
    assert.deepEqual(fs.names(), [FILE, SEGMENT_1]);
    await assertWhole(fs, 2);
  });

  test('is never synced again: the next one goes to a new segment', async () => {
    const fs = new MemoryFileSystem();
    const writer = openWriter(fs);
    writer.commit(batch(decision('a')));
    fs.faults.sync = () => fileError('EIO');
    assert.throws(() => writer.commit(batch(decision('b'))), /cannot sync: EIO/);
    fs.faults = {};
    fs.calls.length = 0;
    writer.commit(batch(decision('c')));
    assert.deepEqual(fs.names(), [FILE, SEGMENT_1]);
    assert.equal(fs.openCount, 1);
    await assertWhole(fs, 2);
  });

  test('with the only records of a file leaves no empty segment behind', async () => {
    const fs = new MemoryFileSystem();
    const writer = openWriter(fs);
    fs.faults.sync = () => fileError('EIO');
    assert.throws(() => writer.commit(batch(decision('a'))));
    fs.faults = {};
    writer.commit(batch(decision('b')));
    assert.deepEqual(fs.names(), [FILE]);
    await assertWhole(fs, 1);
  });

  test('because no new segment can be made is followed by one that can', async () => {
    const fs = new MemoryFileSystem();
    const writer = openWriter(fs, { rotateBytes: 1 });
    writer.commit(batch(decision('a')));
    fs.faults.open = () => fileError('ENOSPC');
    assert.throws(() => writer.commit(batch(decision('b'))), /ENOSPC/);
    fs.faults = {};
    writer.commit(batch(decision('c')));
    await assertWhole(fs, 2);
  });
});

describe('a file that is touched from outside', () => {
  const GONE = undefined;
  for (const [name, touch, names, problem] of [
    ['removed', (fs: MemoryFileSystem) => fs.remove(FILE), [FILE], GONE],
    ['moved', (fs: MemoryFileSystem) => fs.rename(FILE, `${FILE}.1`), [FILE, `${FILE}.1`], GONE],
    [
      'moved and made anew',
      (fs: MemoryFileSystem) => {
        fs.rename(FILE, `${FILE}.1`);
        fs.put(FILE, '');
      },
      [FILE, `${FILE}.1`],
      GONE,
    ],
    [
      'replaced by another',
      (fs: MemoryFileSystem) => {
        fs.remove(FILE);
        fs.put(FILE, 'something else\n');
      },
      [FILE, '/log/foreign-audit.jsonl'],
      GONE,
    ],
    ['emptied', (fs: MemoryFileSystem) => cut(fs, 0), [FILE], GONE],
    [
      'cut',
      (fs: MemoryFileSystem) => cut(fs, 10),
      [FILE, SEGMENT_1],
      'the line is torn, and others follow',
    ],
    [
      'written to',
      (fs: MemoryFileSystem) => void fs.append(fs.open(FILE, 'a+'), Buffer.from('x\n'), 0),
      [FILE, SEGMENT_1],
      'the line is not a JSON object',
    ],
  ] as const) {
    test(`is noticed when it was ${name}, and the chain goes on in a new one`, async () => {
      const fs = new MemoryFileSystem();
      const writer = openWriter(fs);
      writer.commit(batch(decision('a'), outcome('a')));
      touch(fs);
      assert.throws(() => writer.commit(batch(decision('b'))), { kind: 'file_changed' });
      assert.equal(writer.head.seq, 2);
      writer.commit(batch(decision('c')));
      assert.deepEqual(fs.names(), names);
      assert.equal(JSON.parse(fs.content(FILE)).seq, 3);
      const { firstBreak, start } = await verifyAll(fs);
      assert.equal(firstBreak?.problem, problem);
      if (problem === GONE) assert.equal(start?.seq, 2);
    });
  }

  test('between the write and the sync is noticed too', async () => {
    const fs = new MemoryFileSystem();
    const writer = openWriter(fs);
    writer.commit(batch(decision('a')));
    fs.faults.append = (wanted) => {
      fs.remove(FILE);
      return { taken: wanted };
    };
    assert.throws(() => writer.commit(batch(decision('b'))), { kind: 'file_changed' });
  });
});

describe('rotation', () => {
  test('begins a new segment when the file is full, named after its first record', async () => {
    const fs = new MemoryFileSystem();
    const writer = openWriter(fs, { rotateBytes: 1000 });
    for (let index = 0; index < 10; index += 1) writer.commit(batch(decision(`r${index}`)));
    const names = fs.names();
    assert.ok(names.length > 2, names.join());
    for (const name of names) {
      assert.ok(fs.content(name).length <= 1000);
      const first = JSON.parse(fs.content(name).split('\n', 1)[0] ?? '').seq;
      if (name !== FILE) assert.equal(name, `${FILE}.${String(first).padStart(12, '0')}`);
    }
    await assertWhole(fs, 10);
  });

  test('keeps the newest segments, and verification names where the oldest begins', async () => {
    const fs = new MemoryFileSystem();
    const writer = openWriter(fs, { rotateBytes: 1, keep: 2 });
    for (let index = 0; index < 6; index += 1) writer.commit(batch(decision(`r${index}`)));
    assert.deepEqual(fs.names(), [FILE, `${FILE}.000000000004`, `${FILE}.000000000005`]);
    const { start, records, firstBreak } = await verifyAll(fs);
    assert.equal(firstBreak, undefined);
    assert.equal(records, 3);
    assert.equal(start?.seq, 3);
  });

  test('removes what is older than keep_for, and begins a segment a day for its sake', () => {
    const day = 86_400_000;
    const fs = new MemoryFileSystem();
    const writer = openWriter(fs, { keepForMs: 2 * day });
    const on = (days: number) => {
      fs.now = NOON + days * day;
      writer.commit({ ...batch(decision(`d${days}`)), time: new Date(fs.now).toISOString() });
    };
    for (const days of [0, 0.5, 1, 2]) on(days);
    assert.deepEqual(fs.names(), [FILE, `${FILE}.000000000001`, `${FILE}.000000000003`]);
    on(3.5);
    assert.deepEqual(fs.names(), [FILE, `${FILE}.000000000004`]);
  });

  test('brings the names of a new segment to the disk before its first record', () => {
    const fs = new MemoryFileSystem();
    const writer = openWriter(fs, { rotateBytes: 1 });
    writer.commit(batch(decision('a')));
    fs.calls.length = 0;
    writer.commit(batch(decision('b')));
    const [last, ...before] = fs.calls.filter((call) => !call.startsWith('append 0')).toReversed();
    assert.equal(last, 'sync');
    assert.match(before[0] ?? '', /^append /);
    assert.deepEqual(before.slice(1, 3), ['sync /log', 'open audit.jsonl']);
  });

  test('goes on after a crash between the rename and the new file', async () => {
    const fs = new MemoryFileSystem();
    openWriter(fs).commit(batch(decision('a')));
    fs.rename(FILE, SEGMENT_1);
    const writer = openWriter(fs);
    writer.commit(batch(outcome('a')));
    assert.deepEqual(fs.names(), [FILE, SEGMENT_1]);
    await assertWhole(fs, 2);
  });

  test('goes on after a crash before the first record of the new file', async () => {
    const fs = new MemoryFileSystem();
    openWriter(fs).commit(batch(decision('a')));
    fs.rename(FILE, SEGMENT_1);
    fs.put(FILE, '');
    openWriter(fs).commit(batch(outcome('a')));
    await assertWhole(fs, 2);
  });

  test('leaves files with similar names alone', async () => {
    const fs = new MemoryFileSystem();
    const others = [`${FILE}.1`, `${FILE}.gz`, `${FILE}.000000000001.gz`, '/log/audit.json'];
    for (const name of others) fs.put(name, 'x');
    const writer = openWriter(fs, { rotateBytes: 1, keep: 0 });
    for (let index = 0; index < 3; index += 1) writer.commit(batch(decision(`r${index}`)));
    assert.deepEqual(fs.names(), [...others, FILE].sort());
  });
});

describe('checkpoints', () => {
  const { privateKey } = generateKeyPairSync('ed25519');
  const signer = createCheckpointSigner(privateKey);
  const seqs = (fs: MemoryFileSystem) =>
    readRecords(fs).flatMap(({ event, seq }) => (event === 'checkpoint' ? [seq] : []));

  test('follow the first record of a process and then every 1024', async () => {
    const fs = new MemoryFileSystem();
    const events: AuditEvent[] = Array.from({ length: 2100 }, (_, index) => decision(`r${index}`));
    const writer = openWriter(fs, { signer });
    assert.equal(writer.commit(batch(...events)), 3);
    assert.deepEqual(seqs(fs), [2, 3 + CHECKPOINT_RECORDS, 4 + 2 * CHECKPOINT_RECORDS]);
    openWriter(fs, { signer }).commit(batch(decision('x')));
    assert.equal(seqs(fs).at(-1), readRecords(fs).length);
  });

  test('end a segment, a batch that asks for one, and a log that is closed', async () => {
    const fs = new MemoryFileSystem();
    const writer = openWriter(fs, { signer, rotateBytes: 1500 });
    writer.commit(batch(decision('a')));
    writer.commit(batch(decision('b')));
    assert.equal(writer.commit({ ...batch(), checkpoint: true }), 1);
    assert.equal(writer.commit({ ...batch(), checkpoint: true }), 0);
    for (const id of ['c', 'd', 'e']) writer.commit(batch(decision(id)));
    assert.equal(writer.close('2026-11-22T12:00:00.000Z'), 1);
    for (const name of fs.names()) {
      assert.equal(
        JSON.parse(fs.content(name).trimEnd().split('\n').at(-1) ?? '').event,
        'checkpoint',
      );
    }
    assert.ok(fs.names().length > 1);
    const { records } = await verifyAll(fs);
    assert.equal(records, readRecords(fs).length);
  });

  test('are not made without a key', async () => {
    const fs = new MemoryFileSystem();
    const writer = openWriter(fs);
    assert.equal(writer.commit({ ...batch(decision('a')), checkpoint: true }), 0);
    assert.equal(writer.close('2026-11-22T12:00:00.000Z'), 0);
    await assertWhole(fs, 1);
  });
});

test('whatever a disk does, the log holds exactly what was committed, and is whole', async () => {
  const step = fc.record({
    size: fc.integer({ min: 1, max: 5 }),
    fault: fc.oneof(
      { weight: 3, arbitrary: fc.constant('none') },
      { weight: 1, arbitrary: fc.constantFrom('short', 'full', 'eio', 'sync', 'restart') },
    ),
    taken: fc.nat(700),
  });
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { maxLength: 40 }),
      fc.nat(3000),
      async (steps, rotateBytes) => {
        const fs = new MemoryFileSystem();
        let writer = openWriter(fs, { rotateBytes });
        const committed: string[] = [];
        for (const [index, { size, fault, taken }] of steps.entries()) {
          if (fault === 'restart') writer = openWriter(fs, { rotateBytes });
          const ids = Array.from({ length: size }, (_, item) => `${index}.${item}`);
          inject(fs, fault, taken);
          try {
            writer.commit(batch(...ids.map((id) => decision(id))));
            committed.push(...ids);
          } catch {
            // refused: none of them may be found
          }
          fs.faults = {};
        }
        assert.deepEqual(
          readRecords(fs).map((record) => record['request_id']),
          committed,
        );
        await assertWhole(fs, committed.length);
        assert.equal(writer.head.seq, committed.length);
      },
    ),
    { numRuns: 300 },
  );
});

function cut(fs: MemoryFileSystem, bytes: number): void {
  fs.truncate(fs.open(FILE, 'r+'), bytes);
}

function inject(fs: MemoryFileSystem, fault: string, taken: number): void {
  let first = true;
  const failing = (code: string) => () => {
    const result = { taken: first ? taken : 0, error: fileError(code) };
    first = false;
    return result;
  };
  if (fault === 'short') fs.faults.append = (wanted) => ({ taken: Math.min(wanted, taken + 1) });
  if (fault === 'full') fs.faults.append = failing('ENOSPC');
  if (fault === 'eio') fs.faults.append = failing('EIO');
  if (fault === 'sync') fs.faults.sync = () => fileError('EIO');
}
