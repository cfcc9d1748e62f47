import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { eventually } from '../support/eventually.ts';
import { findFreePort } from '../support/free-port.ts';
import { type GatewayProcess, startGatewayProcess } from '../support/gateway.ts';
import { missingPrograms } from '../support/program.ts';
import { startRecordingUpstream } from '../support/recording-upstream.ts';
import { startRedis } from '../support/redis-server.ts';
import { tokenCredential } from '../support/test-credential.ts';

const TOKEN = tokenCredential('payments');

describe('a gateway that starts before its Redis', { skip: missingPrograms(['redis-7']) }, () => {
  test('says that it takes no pushes yet, and when it does, in its log alone', async () => {
    const port = await findFreePort();
    await using upstream = await startRecordingUpstream();
    const document = {
      upstream: { url: upstream.url },
      state: { url: `redis://127.0.0.1:${port}`, password: { env: 'STATE_PASSWORD' } },
      teams: { payments: { jobs: ['settlement'], credentials: [TOKEN.spec] } },
    };
    const env = { ...process.env, STATE_PASSWORD: 'of another server' };
    await using gateway = await startGatewayProcess(document, env);
    const readiness = async () => (await fetch(`${gateway.adminUrl}/-/ready`)).status;
    assert.equal(await readiness(), 503);
    assert.deepEqual(
      linesOf(gateway).map(({ msg, pushes }) => [msg, pushes]),
      [
        ['state_away', undefined],
        ['ready', 'not yet'],
      ],
    );
    await using _redis = await startRedis({ port });
    await eventually('pushes are taken', async () => (await readiness()) === 200 || undefined);
    const lines = linesOf(gateway);
    assert.ok(lines.some(({ msg }) => msg === 'state_back'));
    // of the password that nobody asked for
    const told = lines.filter(({ level }) => level === 'warn');
    assert.equal(told.length, 1, gateway.log.join('\n'));
    assert.match(told[0]?.text ?? '', /does not require a password/);
  });
});

test('the page without its Redis says what is away, and no request of it goes on', async () => {
  await using upstream = await startRecordingUpstream();
  await using gateway = await startGatewayProcess({
    upstream: { url: upstream.url },
    state: { url: `redis://127.0.0.1:${await findFreePort()}` },
    teams: { payments: { jobs: ['settlement'], credentials: [TOKEN.spec] } },
  });
  const cookie = `pushwarden_session=${'a'.repeat(43)}`;
  const { status } = await fetch(`${gateway.url}/ui/`, { headers: { cookie } });
  assert.equal(status, 503);
  const metrics = await (await fetch(`${gateway.adminUrl}/metrics`)).text();
  assert.match(metrics, /^pushwarden_requests_in_flight 0$/m);
});

/** Fails where a line is none of the log. */
function linesOf({ log }: GatewayProcess) {
  return log.map((line): Record<'msg' | 'level' | 'pushes' | 'text', string> => JSON.parse(line));
}
