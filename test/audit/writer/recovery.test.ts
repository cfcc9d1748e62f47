import assert from 'node:assert/strict';
import { test } from 'node:test';
import { recoverAuditLog } from '../../../src/audit/writer/recovery.ts';
import { GENESIS } from '../../../src/core/audit/audit-chain.ts';
import type { AuditEvent } from '../../../src/core/audit/audit-record.ts';
import { MemoryFileSystem } from '../../disk/memory-file-system.ts';
import {
  assertWhole,
  batch,
  decision,
  FILE,
  openWriter,
  outcome,
  readRecords,
  refusal,
} from '../chain-fixture.ts';

const STOP = { event: 'stop', cause: 'SIGTERM' } as const;

function write(...events: readonly AuditEvent[]): MemoryFileSystem {
  const fs = new MemoryFileSystem();
  openWriter(fs).commit(batch(...events));
  return fs;
}

test('an empty directory begins a chain', async () => {
  const recovery = recoverAuditLog(new MemoryFileSystem(), FILE);
  assert.equal(recovery.head, GENESIS);
  assert.equal(recovery.firstSeq, undefined);
});

test('allowed pushes and deletes without an outcome are found, anything else is not', async () => {
  const fs = write(
    decision('put'),
    decision('done'),
    decision('delete', { method: 'DELETE' }),
    decision('read', { method: 'GET' }),
    refusal('denied'),
    outcome('done'),
    decision('unaudited'),
    refusal('unaudited', { reason: 'audit_unavailable' }),
  );
  assert.deepEqual(recoverAuditLog(fs, FILE).unknownOutcomes, ['put', 'delete']);
});

test('what a former start reported is not reported again', async () => {
  const fs = write(decision('a'), decision('b'));
  const unknown = { cause: 'crash', torn_bytes: 0, unknown_outcomes: ['a', 'b'] } as const;
  openWriter(fs).commit(batch({ event: 'recovered', ...unknown }, decision('c')));
  assert.deepEqual(recoverAuditLog(fs, FILE).unknownOutcomes, ['c']);
});

test('a decision in an older segment is found', async () => {
  const fs = new MemoryFileSystem();
  const writer = openWriter(fs, { rotateBytes: 1 });
  for (const id of ['a', 'b', 'c']) writer.commit(batch(decision(id)));
  writer.commit(batch(outcome('b')));
  assert.deepEqual(recoverAuditLog(fs, FILE).unknownOutcomes, ['a', 'c']);
});

test('after a clean stop only the end is read', async () => {
  const fs = write(decision('a'), STOP);
  const damaged = fs.content(FILE).replace('settlement', 'settlemend');
  fs.put(FILE, damaged);
  const recovery = recoverAuditLog(fs, FILE);
  assert.equal(recovery.damage, undefined);
  assert.equal(recovery.head.seq, 2);
});

test('what came after a stop is not taken for a clean end', () => {
  const fs = write(STOP, decision('late'));
  assert.deepEqual(recoverAuditLog(fs, FILE).unknownOutcomes, ['late']);
});

test('after a crash the whole segment is read, and damage is named', async () => {
  const fs = write(decision('a'), decision('b'), outcome('a'), outcome('b'));
  fs.put(FILE, fs.content(FILE).replace('"request_id":"b"', '"request_id":"x"'));
  const recovery = recoverAuditLog(fs, FILE);
  assert.equal(recovery.damage, `${FILE}:2: the record was changed`);
  assert.equal(recovery.head.seq, 4);
});

test('a crash at any byte loses the torn record only', async () => {
  const whole = write(decision('a'), outcome('a'), decision('b'), outcome('b')).content(FILE);
  for (let bytes = 0; bytes <= whole.length; bytes += 1) {
    const fs = new MemoryFileSystem();
    fs.put(FILE, whole.slice(0, bytes));
    const records = whole.slice(0, bytes).split('\n').length - 1;
    const recovery = recoverAuditLog(fs, FILE);
    assert.equal(recovery.head.seq, records, `at byte ${bytes}`);
    assert.equal(recovery.tornBytes, bytes - (whole.slice(0, bytes).lastIndexOf('\n') + 1));
    assert.deepEqual(recovery.unknownOutcomes, ([[], ['a'], [], ['b'], []] as const)[records]);
    assert.equal(recovery.damage, undefined);
    openWriter(fs).commit(batch(decision('c')));
    await assertWhole(fs, records + 1);
    assert.equal(readRecords(fs).at(-1)?.['request_id'], 'c');
  }
});

test('a tail of zeros, as a power failure leaves it, is torn', async () => {
  const fs = write(decision('a'));
  const { length } = fs.content(FILE);
  fs.put(FILE, fs.content(FILE) + '\0'.repeat(100_000));
  assert.equal(recoverAuditLog(fs, FILE).tornBytes, 100_000);
  openWriter(fs).commit(batch(decision('b')));
  assert.ok(fs.content(FILE).length > length);
  await assertWhole(fs, 2);
});

for (const [name, content] of [
  ['a text file', 'something else\n'],
  ['a file without a line end', 'something else'],
  ['a log of another program', '{"msg":"ready"}\n'],
] as const) {
  test(`${name} is not written to`, async () => {
    const fs = new MemoryFileSystem();
    fs.put(FILE, content);
    assert.throws(() => recoverAuditLog(fs, FILE), {
      code: 'ERR_AUDIT_BROKEN',
      message: /\/log\/audit\.jsonl is not an audit log: move it away or name another file/,
    });
    assert.equal(fs.content(FILE), content);
  });
}
