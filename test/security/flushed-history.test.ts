import assert from 'node:assert/strict';
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { openAuditLog } from '../../src/audit/log/audit-log.ts';
import type { DecisionEvent } from '../../src/core/audit/audit-record.ts';
import { createRefusalFlood } from '../../src/core/audit/refusal-flood.ts';
import { nodeFileSystem } from '../../src/disk/file-system.ts';
import { assertWhole, decision, outcome, refusal, verifyAll } from '../audit/chain-fixture.ts';
import { readAuditFiles } from '../audit/disk-faults.ts';
import { auditHere } from '../cli/audit/history.ts';
import { rawRequest, startStage } from '../faults/stage.ts';
import { eventually } from '../support/eventually.ts';
import { startGateway } from '../support/gateway.ts';
import { manualClock } from '../support/manual-clock.ts';
import { exchange } from '../support/raw-http.ts';
import { startRecordingUpstream } from '../support/recording-upstream.ts';
import { createScratch } from '../support/scratch.ts';

/**
 * The attack: to be refused takes no credential, and each refusal was a record of up to 1.6 kB in
 * the one log. 60 addresses wrote 1.5 MB a second, so that the oldest of 31 segments of 100 MiB, and
 * with it the proof of who had pushed what, was removed within the hour: whoever wants to hide what
 * a stolen token did floods the gateway without one.
 */
const KEPT = 2;
const ROTATE = 256 * 1024;
/** Records a second that all unknown callers get together. */
const BUDGET = 100;
const LOG = { info() {}, warn() {}, error() {} };

const NOBODY = { team: 'crowd', credential: 'anonymous', scheme: 'none' } as const;
const FLOODS: Readonly<Record<string, Partial<DecisionEvent>>> = {
  'of refusals of unknown callers': { decision: 'deny', reason: 'credential_missing' },
  'of refusals under `anonymous`': { ...NOBODY, decision: 'deny', reason: 'job_not_allowed' },
  'of reads under `anonymous`': { ...NOBODY, method: 'GET', target: '/metrics' },
};
for (const [name, more] of Object.entries(FLOODS)) {
  test(`a flood ${name} from 60 addresses does not push out what teams did`, () => flood(more));
}

async function flood(more: Partial<DecisionEvent>): Promise<void> {
  await using scratch = await createScratch();
  const clock = manualClock();
  let recorded = 0;
  const file = join(scratch.path, 'audit.jsonl');
  const unknownFile = join(scratch.path, 'audit.unknown.jsonl');
  const unknown = { file: unknownFile, rotateBytes: ROTATE, keep: KEPT };
  const audit = await openAuditLog(
    { file, sync: 'none', onFailure: 'deny', rotateBytes: ROTATE, keep: KEPT, unknown },
    { clock, log: LOG, observer: { recorded: () => (recorded += 1), missed() {} } },
  );
  await audit.append({ event: 'start', version: '1', config_hash: '' });
  await audit.append(decision('theft', { team: 'payments', credential: 'stolen' }));
  await audit.append(outcome('theft'));
  for (let second = 0; second < 20; second += 1) {
    for (let address = 0; address < 60; address += 1) {
      for (let count = 0; count < 10; count += 1) {
        const peer = `10.0.0.${address}`;
        const from = { peer_ip: peer, client_ip: peer, user_agent: 'x'.repeat(64) };
        audit.record(decision('flood', { ...from, ...more }));
      }
    }
    clock.advance(1000);
    const expected = 4 + BUDGET * (second + 1);
    await eventually('the records are written', () => recorded >= expected || undefined);
  }
  audit.record({ event: 'stop', cause: 'end of the test' });
  await audit.close();

  const known = readAuditFiles(file);
  assert.deepEqual(
    known.map(({ event }) => event),
    ['start', 'decision', 'outcome', 'stop'],
  );
  const written = readAuditFiles(unknownFile);
  assert.ok(written.length > 50);
  await assertWhole(nodeFileSystem, 4, file);
  assert.equal((await verifyAll(nodeFileSystem, unknownFile)).firstBreak, undefined);
  const bytes = readdirSync(scratch.path)
    .filter((name) => name.startsWith('audit.unknown.jsonl'))
    .reduce((sum, name) => sum + statSync(join(scratch.path, name)).size, 0);
  assert.ok(bytes <= (KEPT + 1) * ROTATE, `${bytes} bytes`);
}

test('of callers without a credential the log of teams has what they pushed, the other what they read and were refused', async () => {
  await using scratch = await createScratch();
  await using upstream = await startRecordingUpstream();
  const auditFile = join(scratch.path, 'audit.jsonl');
  const unknownFile = join(scratch.path, 'audit.unknown.jsonl');
  await using gateway = await startGateway({
    upstream: { url: upstream.url },
    anonymous: 'crowd',
    audit: { file: auditFile, sync: 'none' },
    teams: { crowd: { jobs: ['hello'], allow: ['push', 'read'] } },
  });
  const push = { method: 'PUT', body: 'rows 1\n' };
  const answers = [
    await fetch(`${gateway.url}/metrics/job/hello`, push),
    await fetch(`${gateway.url}/metrics/job/other`, {
      ...push,
      headers: { 'User-Agent': 'x'.repeat(200) },
    }),
    await fetch(`${gateway.url}/api/v1/groups`),
  ];
  assert.deepEqual(
    answers.map(({ status }) => status),
    [200, 403, 200],
  );
  const known = await eventually('an outcome', async () => {
    const records = readAuditFiles(auditFile);
    return records.some(({ event }) => event === 'outcome') ? records : undefined;
  });
  assert.deepEqual(
    known.map(({ event }) => event),
    ['start', 'decision', 'outcome'],
  );
  const unknown = await eventually('both others', async () => {
    const records = readAuditFiles(unknownFile).filter(({ event }) => event === 'decision');
    return records.length === 2 ? records : undefined;
  });
  assert.ok(unknown.every((record) => record.event === 'decision' && record.scheme === 'none'));
  assert.equal(
    unknown.some((record) => JSON.stringify(record).includes('x'.repeat(65))),
    false,
  );
  const files = [auditFile, unknownFile];
  const shown = await auditHere('show', '--scheme', 'none', '--team', 'crowd', ...files);
  for (const found of ['job/hello', 'job/other', '/api/v1/groups'])
    assert.ok(shown.includes(found));
  const { rows } = JSON.parse(await auditHere('report', '--output', 'json', ...files));
  assert.deepEqual([rows[0].key, rows[0].allowed, rows[0].refused], ['crowd', 2, 1]);
  assert.match(await auditHere('suggest-policy', ...files), /^ {2}hello:$/m);
});

test('refusals of a team stay with what the team did', async () => {
  await using stage = await startStage();
  const { port } = stage.gateway;
  await exchange({ port, send: rawRequest('PUT /metrics/job/nobodys') });
  await exchange({
    port,
    send: 'PUT /metrics/job/x HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n',
  });
  const records = await stage.gateway.auditRecords();
  const seqs = records.flatMap((record) =>
    record.event === 'decision' ? [{ team: record.team, reason: record.reason }] : [],
  );
  assert.equal(seqs.length, 2);
  assert.deepEqual(new Set(seqs.map(({ reason }) => reason)).has('credential_missing'), true);
});

test('what an unknown caller writes of itself is short', async () => {
  await using stage = await startStage();
  const { port } = stage.gateway;
  const path = `/${'é'.repeat(3000)}`;
  await exchange({
    port,
    send: `PUT ${path} HTTP/1.1\r\nHost: h\r\nUser-Agent: ${'\x81'.repeat(3000)}\r\nContent-Length: 0\r\n\r\n`,
  });
  const [record] = (await stage.gateway.auditRecords()).filter(({ event }) => event === 'decision');
  assert.equal(record?.event, 'decision');
  assert.ok(JSON.stringify(record).length < 900);
});

test('addresses beyond a bound are counted by the network that they are in', () => {
  const flood = createRefusalFlood({ totalPerSecond: 100_000, maxSources: 4 });
  const from = (client_ip: string): number => {
    let admitted = 0;
    for (let count = 0; count < 15; count += 1) {
      if (flood.admits(refusal('r', { client_ip }), 0)) admitted += 1;
    }
    return admitted;
  };
  for (let address = 1; address <= 4; address += 1) assert.equal(from(`192.0.2.${address}`), 10);
  assert.equal(from('10.0.0.1'), 10);
  assert.equal(from('10.0.0.2'), 0);
  assert.equal(from('2001:db8:0:1::1'), 10);
  assert.equal(from('2001:db8::1:ffff:0:0:2'), 0);
  for (let network = 1; network <= 20; network += 1) from(`10.0.${network}.1`);
  const counted = flood.collect(Number.POSITIVE_INFINITY);
  assert.equal(counted.find(({ client_network }) => client_network === '10.0.0.0/24')?.count, 20);
  assert.equal(
    counted.find(({ client_network }) => client_network === '2001:db8:0:1::/64')?.count,
    20,
  );
  assert.ok(counted.length <= 9);
});
