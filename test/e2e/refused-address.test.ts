import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventually } from '../support/eventually.ts';
import { startGateway } from '../support/gateway.ts';
import { startRecordingUpstream } from '../support/recording-upstream.ts';
import { tokenCredential } from '../support/test-credential.ts';

const TOKEN = tokenCredential('etl');

test('the address that a proxy names is in the record of its refusal', async () => {
  await using upstream = await startRecordingUpstream();
  await using gateway = await startGateway({
    listen: '[::]:0',
    trusted_proxies: ['127.0.0.1'],
    deny_networks: ['192.0.2.0/24'],
    upstream: { url: upstream.url },
    teams: { etl: { jobs: ['*'], credentials: [TOKEN.spec] } },
  });
  const answer = await fetch(`http://127.0.0.1:${gateway.port}/metrics/job/a`, {
    method: 'PUT',
    headers: { authorization: TOKEN.authorization, 'x-forwarded-for': '192.0.2.7' },
    body: 'a 1\n',
  });
  assert.equal(answer.statusText, 'Forbidden (network_not_allowed)');
  const record = await eventually('the record', async () =>
    (await gateway.auditRecords()).find(({ event }) => event === 'decision'),
  );
  assert.ok(record.event === 'decision');
  assert.deepEqual(
    [record.reason, record.client_ip, record.peer_ip],
    ['network_not_allowed', '192.0.2.7', '127.0.0.1'],
  );
});
