import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ReserveFile } from '../../src/disk/reserve-file.ts';
import { assertWhole, batch, decision, openWriter, outcome } from '../audit/chain-fixture.ts';
import { fileError, MemoryFileSystem } from './memory-file-system.ts';

const RESERVE = '/log/.audit.jsonl.reserve';

test('a reserve takes two mebibytes, or a sixteenth of what is free', () => {
  for (const [free, bytes] of [
    [1024 ** 3, 2 * 1024 ** 2],
    [1024 ** 2, 64 * 1024],
  ] as const) {
    const fs = new MemoryFileSystem();
    fs.freeBytes = () => free;
    assert.ok(new ReserveFile(fs, RESERVE).isHeld);
    assert.equal(fs.content(RESERVE).length, bytes);
  }
});

test('a disk too small for a reserve has none, and is not taken for full', () => {
  const fs = new MemoryFileSystem();
  fs.freeBytes = () => 32 * 1024;
  const reserve = new ReserveFile(fs, RESERVE);
  assert.deepEqual(fs.names(), []);
  assert.ok(reserve.isHeld);
  assert.equal(reserve.release(), false);
});

test('a reserve of a former process is kept as it is', () => {
  const fs = new MemoryFileSystem();
  fs.put(RESERVE, Buffer.alloc(5000));
  const reserve = new ReserveFile(fs, RESERVE);
  assert.deepEqual(fs.calls, []);
  assert.ok(reserve.release());
  assert.deepEqual(fs.names(), []);
  reserve.refill();
  assert.equal(fs.content(RESERVE).length, 5000);
});

test('a reserve that cannot be filled leaves nothing behind and is tried again', () => {
  const fs = new MemoryFileSystem();
  const reserve = new ReserveFile(fs, RESERVE);
  reserve.release();
  let calls = 0;
  fs.faults.append = () => ({ taken: calls++ === 0 ? 1000 : 0, error: fileError('ENOSPC') });
  reserve.refill();
  assert.equal(reserve.isHeld, false);
  assert.deepEqual(fs.names(), []);
  fs.faults = {};
  reserve.refill();
  assert.ok(reserve.isHeld);
});

test('a batch on a full disk is written to the space of the reserve', async () => {
  const fs = new MemoryFileSystem();
  const reserve = new ReserveFile(fs, RESERVE);
  const writer = openWriter(fs, { reserve });
  writer.commit(batch(decision('a')));
  assert.equal(writer.isLow, false);
  fs.faults.append = (wanted) =>
    fs.names().includes(RESERVE) ? { taken: 0, error: fileError('ENOSPC') } : { taken: wanted };
  writer.commit(batch(outcome('a')));
  assert.equal(writer.isLow, true);
  await assertWhole(fs, 2);
  fs.faults = {};
  writer.commit(batch());
  assert.equal(writer.isLow, false);
});
