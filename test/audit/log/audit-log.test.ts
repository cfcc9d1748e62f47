import assert from 'node:assert/strict';
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { type AuditLogConfig, openAuditLog } from '../../../src/audit/log/audit-log.ts';
import { generateSigningKey, readVerifyingKey } from '../../../src/audit/signing-key.ts';
import { verifyAuditLog } from '../../../src/audit/verify/verify-audit-log.ts';
import { nodeFileSystem } from '../../../src/disk/file-system.ts';
import { MemoryFileSystem } from '../../disk/memory-file-system.ts';
import { eventually } from '../../support/eventually.ts';
import { createScratch, type Scratch } from '../../support/scratch.ts';
import {
  assertWhole,
  batch,
  decision,
  FILE,
  NOON,
  openWriter,
  outcome,
  refusal,
} from '../chain-fixture.ts';

const UNAVAILABLE = { code: 'ERR_AUDIT_UNAVAILABLE' };

function open(scratch: Scratch, config: Partial<AuditLogConfig> = {}, lines: unknown[] = []) {
  const write = (message: string, fields?: object): void => void lines.push({ message, ...fields });
  return openAuditLog(
    {
      file: join(scratch.path, 'audit.jsonl'),
      sync: 'batch',
      onFailure: 'deny',
      rotateBytes: 1 << 30,
      keep: 30,
      ...config,
    },
    {
      clock: { now: () => NOON, monotonic: () => performance.now() },
      log: { info: write, warn: write, error: write },
      timing: { lockWaitMs: 0, checkpointMs: 5 },
    },
  );
}

function read(scratch: Scratch): readonly Readonly<Record<string, unknown>>[] {
  const lines = readFileSync(join(scratch.path, 'audit.jsonl'), 'utf8').split('\n');
  return lines.flatMap((line) => (line === '' ? [] : [JSON.parse(line)]));
}

test('append resolves when the record is in the file', async () => {
  await using scratch = await createScratch();
  const audit = await open(scratch);
  await audit.append(decision('a'));
  assert.equal(read(scratch)[0]?.['request_id'], 'a');
  assert.equal(audit.head().seq, 1);
  assert.equal(audit.head().hash, read(scratch)[0]?.['hash']);
  await audit.close();
});

test('record does not wait, and close waits for it', async () => {
  await using scratch = await createScratch();
  const audit = await open(scratch, { sync: 'none' });
  for (let index = 0; index < 10; index += 1) audit.record(refusal(`r${index}`));
  await audit.close();
  assert.equal(read(scratch).length, 10);
  await assertWhole(nodeFileSystem, 10, join(scratch.path, 'audit.jsonl'));
});

test('a thousand appends at once all get on disk, in order', async () => {
  await using scratch = await createScratch();
  const audit = await open(scratch);
  const ids = Array.from({ length: 1000 }, (_, index) => `r${index}`);
  await Promise.all(ids.map((id) => audit.append(outcome(id))));
  await audit.close();
  assert.deepEqual(
    read(scratch).map((record) => record['request_id']),
    ids,
  );
});

test('the file can be read by its owner alone', async () => {
  await using scratch = await createScratch();
  const audit = await open(scratch);
  await audit.append(decision('a'));
  await audit.close();
  for (const name of ['audit.jsonl', '.audit.jsonl.lock', '.audit.jsonl.reserve']) {
    assert.equal(statSync(join(scratch.path, name)).mode & 0o777, 0o600, name);
  }
});

test('the chain goes on over restarts', async () => {
  await using scratch = await createScratch();
  for (const id of ['a', 'b', 'c']) {
    const audit = await open(scratch);
    await audit.append(decision(id));
    await audit.append(outcome(id));
    audit.record({ event: 'stop', cause: 'SIGTERM' });
    await audit.close();
  }
  assert.deepEqual(
    read(scratch)
      .map(({ event }) => event)
      .slice(0, 4),
    ['decision', 'outcome', 'stop', 'decision'],
  );
  await assertWhole(nodeFileSystem, 9, join(scratch.path, 'audit.jsonl'));
});

test('closing with pushes under way records that their outcomes are unknown', async () => {
  await using scratch = await createScratch();
  const audit = await open(scratch);
  await Promise.all(
    Array.from({ length: 1201 }, (_, index) => audit.append(decision(`r${index}`))),
  );
  await audit.append(outcome('r7'));
  audit.record({ event: 'stop', cause: 'SIGTERM' });
  await audit.close();
  const recovered = read(scratch).filter(({ event }) => event === 'recovered');
  const ids = recovered.flatMap(({ unknown_outcomes: unknown }) => unknown);
  assert.deepEqual([...new Set(recovered.map(({ cause }) => cause))], ['stopped']);
  assert.equal(ids.length, 1200);
  assert.ok(!ids.includes('r7'));
  assert.equal(recovered.length, 3);
  await (await open(scratch)).close();
  assert.equal(read(scratch).filter(({ event }) => event === 'recovered').length, 3);
});

test('a start after a crash records decisions without an outcome, once', async () => {
  await using scratch = await createScratch();
  const fs = new MemoryFileSystem();
  openWriter(fs).commit(batch(decision('a'), decision('b'), outcome('a')));
  await scratch.write('audit.jsonl', fs.content(FILE));
  for (let start = 0; start < 2; start += 1) await (await open(scratch)).close();
  const recovered = read(scratch).filter(({ event }) => event === 'recovered');
  assert.deepEqual(
    recovered.map(({ cause, unknown_outcomes: ids }) => ({ cause, ids })),
    [{ cause: 'crash', ids: ['b'] }],
  );
});

test('a torn last line is cut and recorded', async () => {
  await using scratch = await createScratch();
  const file = await scratch.write('audit.jsonl', '{"seq":1,"ti');
  const audit = await open(scratch);
  assert.equal(audit.head().seq, 1);
  await audit.close();
  const { event, cause, torn_bytes: torn } = read(scratch)[0] ?? {};
  assert.deepEqual({ event, cause, torn }, { event: 'recovered', cause: 'crash', torn: 12 });
  await assertWhole(nodeFileSystem, 1, file);
});

test('a second gateway is refused while the first lives, and let in afterwards', async () => {
  await using scratch = await createScratch();
  const lines: unknown[] = [];
  const first = await open(scratch);
  await assert.rejects(open(scratch, {}, lines), {
    ...UNAVAILABLE,
    message: /is held by another gateway: stop it, or give this one an audit.file of its own$/,
  });
  assert.match(JSON.stringify(lines), /waiting for another gateway/);
  await first.append(decision('a'));
  await first.close();
  await (await open(scratch)).close();
});

test('a directory that does not exist is named', async () => {
  await using scratch = await createScratch();
  const file = join(scratch.path, 'missing', 'audit.jsonl');
  await assert.rejects(open(scratch, { file }), { ...UNAVAILABLE, message: /missing/ });
});

test('a file that is something else is refused and left alone', async () => {
  await using scratch = await createScratch();
  const file = await scratch.write('audit.jsonl', 'important\n');
  await assert.rejects(open(scratch), { code: 'ERR_AUDIT_BROKEN' });
  assert.equal(readFileSync(file, 'utf8'), 'important\n');
  await scratch.write('audit.jsonl', '');
  await (await open(scratch)).close();
});

test('a signing key that cannot be read is refused', async () => {
  await using scratch = await createScratch();
  const signKeyFile = join(scratch.path, 'audit.key');
  await assert.rejects(open(scratch, { signKeyFile }), { code: 'ERR_SECRET_UNREADABLE' });
});

test('a log with a signing key is signed to its end', async () => {
  await using scratch = await createScratch();
  const { privateKey, publicKey } = generateSigningKey();
  const signKeyFile = await scratch.write('audit.key', privateKey);
  const key = readVerifyingKey(await scratch.write('audit.pub', publicKey));
  const lines: unknown[] = [];
  const audit = await open(scratch, { signKeyFile }, lines);
  for (let index = 0; index < 5; index += 1) await audit.append(decision(`r${index}`));
  await audit.close();
  const file = join(scratch.path, 'audit.jsonl');
  const report = await verifyAuditLog(nodeFileSystem, [file], {
    keys: [key],
    anchors: [audit.head()],
  });
  assert.equal(report.firstBreak, undefined);
  assert.deepEqual(report.signed, audit.head());
  assert.deepEqual(lines.at(-1), { message: 'audit checkpoint', ...audit.head() });
});

test('the end of the chain is said from time to time, when it is a new one', async () => {
  await using scratch = await createScratch();
  const lines: unknown[] = [];
  const audit = await open(scratch, {}, lines);
  await audit.append(outcome('a'));
  const said = await eventually('a checkpoint', () => lines[0]);
  assert.deepEqual(said, { message: 'audit checkpoint', ...audit.head() });
  await audit.close();
});

test('a flood of refusals becomes ten records and an exact count', async () => {
  await using scratch = await createScratch();
  const audit = await open(scratch);
  for (let index = 0; index < 5000; index += 1) audit.record(refusal(`r${index}`));
  audit.record(decision('read', { method: 'GET' }));
  audit.record({ event: 'stop', cause: 'SIGTERM' });
  await audit.close();
  const records = read(scratch);
  assert.equal(records.filter((record) => record['decision'] === 'deny').length, 10);
  assert.equal(records.find(({ event }) => event === 'aggregate')?.['count'], 4990);
  assert.equal(records.at(-1)?.['event'], 'stop');
  assert.equal(records.length, 13);
});

test('an append after close is refused, whatever a failure means, and a record is dropped', async () => {
  await using scratch = await createScratch();
  const audit = await open(scratch, { onFailure: 'continue' });
  await audit.close();
  await assert.rejects(audit.append(decision('a')), UNAVAILABLE);
  audit.record(decision('b'));
});
