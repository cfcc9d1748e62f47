import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { nameCompanion } from '../../src/audit/segments.ts';
import type { AuditRecord } from '../../src/core/audit/audit-record.ts';
import { lockFile } from '../../src/disk/file-lock.ts';
import { nodeFileSystem } from '../../src/disk/file-system.ts';
import { assertWhole } from '../audit/chain-fixture.ts';
import { ownAddress } from '../support/own-address.ts';
import { startRecordingUpstream } from '../support/recording-upstream.ts';
import { createScratch } from '../support/scratch.ts';
import type { RollingResult } from './rolling-program.ts';
import { startServe } from './serve-process.ts';
import { push, stageDocument, verdictOf } from './stage.ts';

/** Two gateways on one port and one audit log: the second takes over from the first. */

const run = promisify(execFile);

const PROGRAM = fileURLToPath(new URL('./rolling-program.ts', import.meta.url));
/** Linux hands what a closed socket had not accepted to the other one that listens there. */
const NAMESPACE = `ip link set lo up && echo 1 >/proc/sys/net/ipv4/tcp_migrate_req && exec "$@"`;
const RESTARTS = 3;

async function readRecords(file: string): Promise<readonly AuditRecord[]> {
  const lines = (await readFile(file, 'utf8')).split('\n');
  return lines.flatMap((line) => (line === '' ? [] : [JSON.parse(line)]));
}

test('row 26: of pushes without a pause none is lost while gateways replace each other, in one chain', async () => {
  await using scratch = await createScratch();
  const program = [process.execPath, PROGRAM, scratch.path, '9091', String(RESTARTS)];
  const { stdout } = await run('unshare', ['--net', 'sh', '-c', NAMESPACE, 'sh', ...program]);
  const { endings, forwarded, codes }: RollingResult = JSON.parse(stdout);
  const pushes = endings['200'] ?? 0;
  assert.deepEqual(endings, { 200: pushes });
  assert.ok(pushes > 800);
  assert.equal(forwarded, pushes);
  assert.deepEqual(
    codes,
    Array.from({ length: RESTARTS }, () => 0),
  );

  const file = join(scratch.path, 'audit.jsonl');
  const records = await readRecords(file);
  await assertWhole(nodeFileSystem, records.length, file);
  const lifetimes = records.filter(({ event }) => event === 'start' || event === 'stop');
  assert.deepEqual(
    lifetimes.map(({ event }) => event),
    Array.from({ length: RESTARTS + 1 }, () => ['start', 'stop']).flat(),
  );
  const outcomes = records.filter((record) => record.event === 'outcome' && record.status === 200);
  assert.equal(outcomes.length, pushes);
  assert.equal(records.length, lifetimes.length + 2 * pushes);
});

/** A gateway that waits for its audit log, which the test has until it lets go. */
async function startWaiting(upstream: { readonly url: string } | { readonly spawn: object }) {
  await using stack = new AsyncDisposableStack();
  const scratch = stack.use(await createScratch());
  const lock = lockFile(nameCompanion(join(scratch.path, 'audit.jsonl'), 'lock'), 0, () => {});
  const listen = `${ownAddress()}:9091`;
  const settings = { listen, admin: { listen: 'off' }, audit: { file: 'audit.jsonl' } };
  const document = { ...stageDocument(''), ...settings, upstream };
  const config = await scratch.write('pushwarden.yaml', JSON.stringify(document));
  const { waits, ready } = startServe(config);
  stack.defer(async () => void (await (await ready.catch(() => undefined))?.stop()));
  await waits;
  const owned = stack.move();
  return {
    url: `http://${listen}`,
    ready,
    letGo: () => lock.release(),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

test('row 26: what comes while a gateway waits for the audit log is answered once it has it', async () => {
  await using upstream = await startRecordingUpstream();
  await using gateway = await startWaiting({ url: upstream.url });
  const pushes = [push(gateway, 'a'), push(gateway, 'b')];
  gateway.letGo();
  await gateway.ready;
  for (const answer of await Promise.all(pushes)) assert.equal(answer.status, 200);
  assert.equal(upstream.requests.length, 2);
});

test('row 26: a gateway that cannot take over tells those that waited to come again', async () => {
  await using gateway = await startWaiting({ spawn: { command: 'false' } });
  const refused = push(gateway);
  gateway.letGo();
  const answer = await refused;
  assert.equal(answer.headers.get('retry-after'), '1');
  assert.equal(await verdictOf(answer), '503 draining');
  await assert.rejects(gateway.ready);
});
