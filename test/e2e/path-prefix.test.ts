import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startGateway } from '../support/gateway.ts';
import { oneTeam, pushRows, TOKEN } from '../support/one-team.ts';
import { startRecordingUpstream } from '../support/recording-upstream.ts';

test('a path prefix is taken in front of every public path, and never sent on', async () => {
  await using upstream = await startRecordingUpstream();
  await using gateway = await startGateway({
    ...oneTeam({ url: upstream.url }),
    path_prefix: '/pushgateway',
  });
  const prefixed = `${gateway.url}/pushgateway`;
  assert.equal(await pushRows(gateway.url, 'plain'), 200);
  assert.equal(await pushRows(prefixed, 'prefixed'), 200);
  const read = await fetch(`${prefixed}/metrics`, {
    headers: { authorization: TOKEN.authorization },
  });
  await read.text();
  assert.deepEqual(
    upstream.requests.map(({ target }) => target),
    ['/metrics/job/plain', '/metrics/job/prefixed', '/metrics'],
  );
  assert.equal((await fetch(`${prefixed}/-/healthy`)).status, 200);
});

test('what only looks like the path prefix is another path', async () => {
  await using upstream = await startRecordingUpstream();
  await using gateway = await startGateway({
    ...oneTeam({ url: upstream.url }),
    path_prefix: '/pushgateway',
  });
  for (const other of ['/pushgateways', '/push', '/PUSHGATEWAY', '/pushgateway/pushgateway']) {
    assert.equal(await pushRows(`${gateway.url}${other}`, 'a'), 404, other);
  }
  assert.equal((await fetch(`${gateway.url}/pushgateway/metrics/job/a`)).status, 401);
  assert.equal(upstream.requests.length, 0);
});
