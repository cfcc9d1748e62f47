import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { startWriter } from '../../../src/audit/writer/writer-client.ts';
import { createScratch } from '../../support/scratch.ts';
import { batch, decision } from '../chain-fixture.ts';

test('a writer thread that is gone fails every batch and leaves the file to others', async () => {
  await using scratch = await createScratch();
  const settings = {
    file: join(scratch.path, 'audit.jsonl'),
    sync: true,
    rotateBytes: 1 << 30,
    keep: 1,
    signKeyFile: undefined,
    keepForMs: undefined,
    gateway: undefined,
    lockWaitMs: 0,
  };
  const writer = await startWriter(settings, () => {});
  const first = await writer.request(batch(decision('a')));
  assert.equal(first.type, 'committed');
  const underWay = writer.request(batch(decision('b')));
  await writer.terminate();
  for (const reply of [await underWay, await writer.request(batch(decision('c')))]) {
    if (reply.type === 'committed') continue; // it may have been quicker than its end
    assert.equal(reply.message, 'the thread that writes the audit log has ended');
  }
  assert.equal((await writer.request(batch())).type, 'failed');

  const next = await startWriter(settings, () => assert.fail('the lock is still held'));
  assert.ok(next.recovery.head.seq >= 1);
  await next.terminate();
});
