import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { test } from 'node:test';
import type { AuditRecord } from '../../src/core/audit/audit-record.ts';
import { push, stageDocument, startStage, TOKEN } from '../faults/stage.ts';
import { eventually } from '../support/eventually.ts';
import { startGatewayProcess } from '../support/gateway.ts';
import { startRecordingUpstream } from '../support/recording-upstream.ts';
import { tokenCredential } from '../support/test-credential.ts';

/** The first record of this kind. */
function first<Event extends AuditRecord['event']>(records: readonly AuditRecord[], event: Event) {
  return records.find((record): record is Extract<AuditRecord, { event: Event }> => {
    return record.event === event;
  });
}

test('the record of a push names what it held; a refusal names what it was about', async () => {
  await using stage = await startStage({
    teams: { etl: { jobs: ['etl'], labels: { env: ['prod'] }, credentials: [TOKEN.spec] } },
  });
  const { url } = stage.gateway;
  const headers = { authorization: TOKEN.authorization };
  const body = 'rows{env="prod",shard="1"} 1\nbytes 2\n';
  await fetch(`${url}/metrics/job/etl`, { method: 'PUT', headers, body });
  await fetch(`${url}/metrics/job/etl/env/dev`, { method: 'PUT', headers, body: 'rows 1\n' });
  const records = await stage.gateway.auditRecords();
  const pushed = first(records, 'decision');
  assert.deepEqual(pushed?.families, ['rows', 'bytes']);
  assert.deepEqual(pushed?.label_names, ['env', 'shard']);
  // refusals are recorded without anybody waiting for them
  const refused = await eventually('the record of the refusal', async () =>
    (await stage.gateway.auditRecords()).find(
      (record) => 'decision' in record && record.decision === 'deny',
    ),
  );
  assert.ok(refused.event === 'decision');
  assert.equal(refused.reason, 'label_not_allowed');
  assert.match(refused.detail ?? '', /env/);
});

test('a credential that has expired has its name in the audit log and in the metrics', async () => {
  const old = tokenCredential('old');
  await using stage = await startStage({
    teams: {
      etl: { jobs: ['*'], credentials: [TOKEN.spec, { ...old.spec, expires: '2020-01-01' }] },
    },
  });
  const { url, adminUrl } = stage.gateway;
  const headers = { authorization: old.authorization };
  const options = { method: 'PUT', headers, body: 'rows 1\n' };
  const { status } = await fetch(`${url}/metrics/job/etl`, options);
  assert.equal(status, 401);
  const record = first(await stage.gateway.auditRecords(), 'decision');
  assert.deepEqual(
    [record?.reason, record?.team, record?.credential],
    ['credential_expired', 'etl', 'old'],
  );
  const metrics = await (await fetch(`${adminUrl}/metrics`)).text();
  assert.match(metrics, /_expired_credential_uses_total\{team="etl",credential="old"\} 1\n/);
  assert.match(metrics, /_refusals_total\{team="etl",reason="credential_expired"\} 1\n/);
});

test('a reload that is refused leaves a record that says why', async () => {
  await using upstream = await startRecordingUpstream();
  await using gateway = await startGatewayProcess(stageDocument(upstream.url));
  await push(gateway);
  await writeFile(gateway.configFile, 'upstream: 1\n');
  await fetch(`${gateway.adminUrl}/-/reload`, { method: 'POST' });
  const reload = await eventually('the reload is recorded', async () =>
    first(await gateway.auditRecords(), 'reload'),
  );
  assert.deepEqual(reload.changed, []);
  assert.match(reload.refused?.[0] ?? '', /pushwarden\.yaml:1:/);
  const { config_hash } = first(await gateway.auditRecords(), 'start') ?? {};
  assert.equal(reload.config_hash, config_hash);
});
