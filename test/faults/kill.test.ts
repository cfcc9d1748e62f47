import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { listSegments } from '../../src/audit/segments.ts';
import { nodeFileSystem } from '../../src/disk/file-system.ts';
import { assertWhole, verifyAll } from '../audit/chain-fixture.ts';
import { readAuditFiles } from '../audit/disk-faults.ts';
import { eventually } from '../support/eventually.ts';
import { assertAudited, setUp, writeConfig } from './audit-stage.ts';
import { startServe } from './serve-process.ts';
import { push } from './stage.ts';

const CLIENTS = 8;
const KILLS = 20;

/** Pushes, each to a group of its own, until the gateway is gone. */
async function pushUntilGone(url: string, name: string, acknowledged: Map<string, string>) {
  for (let turn = 0; ; turn += 1) {
    const job = `${name}_${turn}`;
    const answer = await push({ url }, job).catch(() => undefined);
    if (answer === undefined) return;
    assert.equal(answer.status, 200);
    acknowledged.set(`/metrics/job/${job}`, answer.headers.get('x-request-id') ?? '');
  }
}

test('row 21: after kill -9 under load, twenty times, nothing was sent undecided or acknowledged unrecorded', async () => {
  await using stage = await setUp();
  const { upstream, scratch } = stage;
  const file = join(scratch.path, 'audit.jsonl');
  const config = await writeConfig(upstream, scratch, { file, rotate: '256KiB', keep: 1000 });
  const acknowledged = new Map<string, string>();
  for (let round = 0; round < KILLS; round += 1) {
    await using gateway = await startServe(config).ready;
    assert.equal((await verifyAll(nodeFileSystem, file)).firstBreak, undefined, `start ${round}`);
    const before = acknowledged.size;
    const clients = Array.from({ length: CLIENTS }, (_, client) =>
      pushUntilGone(gateway.ready.url, `r${round}_${client}`, acknowledged),
    );
    const goal = before + 1 + ((round * 37) % 100);
    await eventually('pushes', () => (acknowledged.size >= goal ? true : undefined));
    await gateway.stop('SIGKILL');
    await Promise.all(clients);
  }
  const last = await startServe(config).ready;
  assert.deepEqual(await last.stop('SIGTERM'), { code: 0, signal: null });

  const records = readAuditFiles(file);
  await assertWhole(nodeFileSystem, records.length, file);
  const sent = new Set(upstream.requests.map(({ target }) => target));
  assertAudited(records, sent, acknowledged);
  assert.ok(acknowledged.size > 800);
  assert.ok(listSegments(nodeFileSystem, file).length > 2);
  const ended = new Set(
    records.flatMap((record) => (record.event === 'outcome' ? [record.request_id] : [])),
  );
  const open = records.flatMap((record) =>
    record.event === 'decision' && !ended.has(record.request_id) ? [record.request_id] : [],
  );
  const unknown = records.flatMap((record) =>
    record.event === 'recovered' ? record.unknown_outcomes : [],
  );
  assert.deepEqual([...unknown].sort(), open.sort());
});
