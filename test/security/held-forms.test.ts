import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openRawConnection } from '../faults/raw-connection.ts';
import { startStage } from '../faults/stage.ts';
import { eventually } from '../support/eventually.ts';

/**
 * The attack: keep connections, without a credential, by way of the page: a sign-in form that
 * announces a body and never sends it, or a body that drips behind an answer of the page. Neither
 * had a deadline. And behind a trusted proxy none of it counted for the client.
 */
/** Below server.body_timeout, for which a body that is wanted may drip. */
const MOMENT_MS = 20_000;
const SIGN_IN = [
  'POST /ui/sign-in HTTP/1.1',
  'Host: g',
  'Content-Type: application/x-www-form-urlencoded',
];

test('a sign-in form that does not come is answered once its time is over', async () => {
  await using stage = await startStage({ server: { body_timeout: '1s' } });
  for (const framing of [
    'Content-Length: 20',
    'Content-Length: 30000',
    'Transfer-Encoding: chunked',
  ]) {
    using connection = await openRawConnection(stage.gateway.port);
    connection.socket.write([...SIGN_IN, framing, '', ''].join('\r\n'));
    await connection.ended;
    assert.match(connection.received(), /^HTTP\/1\.1 401 /);
  }
});

test('a large sign-in form is read', async () => {
  await using stage = await startStage();
  const body = new URLSearchParams({ token: 'x'.repeat(30_000) });
  const answer = await fetch(`${stage.gateway.url}/ui/sign-in`, { method: 'POST', body });
  assert.equal(answer.status, 401);
});

test('a body that drips behind an answer of the page holds its connection for no more than a moment', async () => {
  await using stage = await startStage();
  for (const path of ['/ui/', '/ui/sign-out', '/ui/delete']) {
    for (const framing of [
      'Content-Length: 15000',
      'Content-Length: 90000',
      'Transfer-Encoding: chunked',
    ]) {
      using connection = await openRawConnection(stage.gateway.port);
      const began = performance.now();
      connection.socket.write(`POST ${path} HTTP/1.1\r\nHost: g\r\n${framing}\r\n\r\n`);
      await connection.drip('x', 50);
      assert.match(connection.received(), /^HTTP\/1\.1 [34]\d\d /);
      assert.ok(performance.now() - began < MOMENT_MS, `${path} ${framing}`);
    }
  }
});

test('behind a trusted proxy the forms of a client that are under way are counted', async () => {
  await using stage = await startStage({
    trusted_proxies: ['127.0.0.1/32'],
    server: { connections_per_client: 1 },
  });
  const form = [...SIGN_IN, 'X-Forwarded-For: 192.0.2.1', 'Content-Length: 20', '', ''].join(
    '\r\n',
  );
  using first = await openRawConnection(stage.gateway.port);
  first.socket.write(form);
  using second = await openRawConnection(stage.gateway.port);
  second.socket.write(form);
  await eventually('one of the two to be refused', () =>
    `${first.received()}${second.received()}`.includes(' 503 ') ? true : undefined,
  );
});
