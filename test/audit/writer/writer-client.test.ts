import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { startWriterThread } from '../../../src/audit/writer/writer-client.ts';
import type { WriterSettings } from '../../../src/audit/writer/writer-messages.ts';
import { createScratch, type Scratch } from '../../support/scratch.ts';
import { batch, decision } from '../chain-fixture.ts';
import { readAuditFiles } from '../disk-faults.ts';

test('a writer thread that is gone fails every batch and leaves the file to others', async () => {
  await using scratch = await createScratch();
  const settings = settingsFor(scratch, 'audit.jsonl');
  const writer = await startWriterThread().open(settings, () => {});
  const first = await writer.request(batch(decision('a')));
  assert.equal(first.type, 'committed');
  const underWay = writer.request(batch(decision('b')));
  await writer.release();
  for (const reply of [await underWay, await writer.request(batch(decision('c')))]) {
    if (reply.type === 'committed') continue; // it may have been quicker than its end
    assert.equal(reply.message, 'the thread that writes the audit log has ended');
  }
  assert.equal((await writer.request(batch())).type, 'failed');

  const again = startWriterThread();
  const next = await again.open(settings, () => assert.fail('the lock is still held'));
  assert.ok(next.recovery.head.seq >= 1);
  await next.release();
});

test('a thread writes each of its logs until it is released', async () => {
  await using scratch = await createScratch();
  const thread = startWriterThread();
  const one = settingsFor(scratch, 'one.jsonl');
  const other = settingsFor(scratch, 'other.jsonl');
  const writer = await thread.open(one, () => {});
  const beside = await thread.open(other, () => {});
  const replies = await Promise.all([
    writer.request(batch(decision('a'))),
    beside.request(batch(decision('x'), decision('y'))),
  ]);
  assert.deepEqual(
    replies.map((reply) => reply.type === 'committed' && reply.head.seq),
    [1, 2],
  );
  await beside.request({ close: true, time: new Date().toISOString() });
  await beside.release();
  assert.equal((await writer.request(batch(decision('b')))).type, 'committed');
  await writer.release();
  assert.deepEqual(requestsIn(one), ['a', 'b']);
  assert.deepEqual(requestsIn(other), ['x', 'y']);
});

test('a log that is refused leaves the others, and its lock', async () => {
  await using scratch = await createScratch();
  const thread = startWriterThread();
  const writer = await thread.open(settingsFor(scratch, 'audit.jsonl'), () => {});
  const broken = settingsFor(scratch, 'notes.txt');
  writeFileSync(broken.file, 'something else\n');
  await assert.rejects(
    thread.open(broken, () => {}),
    { code: 'ERR_AUDIT_BROKEN' },
  );
  assert.equal((await writer.request(batch(decision('a')))).type, 'committed');
  writeFileSync(broken.file, '');
  const mended = await startWriterThread().open(broken, () => assert.fail('its lock is held'));
  assert.equal((await mended.request(batch(decision('b')))).type, 'committed');
  await mended.release();
  await writer.release();
});

function settingsFor(scratch: Scratch, name: string): WriterSettings {
  return {
    file: join(scratch.path, name),
    sync: true,
    rotateBytes: 1 << 30,
    keep: 1,
    signKeyFile: undefined,
    keepForMs: undefined,
    gateway: undefined,
    lockWaitMs: 0,
  };
}

function requestsIn({ file }: WriterSettings): readonly unknown[] {
  return readAuditFiles(file).map((record) => 'request_id' in record && record.request_id);
}
