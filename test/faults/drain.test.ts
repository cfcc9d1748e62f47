import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventually } from '../support/eventually.ts';
import { type GatewayProcess, startGatewayProcess } from '../support/gateway.ts';
import { startRecordingUpstream } from '../support/recording-upstream.ts';
import { accept, hang } from '../support/upstream-behaviour.ts';
import { openRawConnection, type RawConnection } from './raw-connection.ts';
import { push, rawPush, stageDocument } from './stage.ts';

/** SIGTERM: what was accepted is finished, what comes too late is told to come again. */

/** Sends the signal and waits until the gateway has taken note of it. */
async function terminate(gateway: GatewayProcess): Promise<void> {
  process.kill(gateway.pid, 'SIGTERM');
  await eventually('the end of readiness', async () => {
    const answer = await fetch(`${gateway.adminUrl}/-/ready`);
    return answer.status === 503 ? true : undefined;
  });
}

async function answered(connection: RawConnection): Promise<string> {
  await eventually('the answer', () =>
    connection.received().includes('\r\n\r\n') ? true : undefined,
  );
  return connection.received();
}

test('row 25: a push under way at SIGTERM is finished, and so is one on an open connection', async () => {
  await using upstream = await startRecordingUpstream();
  await using gateway = await startGatewayProcess(stageDocument(upstream.url));
  const gate = Promise.withResolvers<void>();
  upstream.behave(async (socket, request) => {
    if (request.target.endsWith('/first')) await gate.promise;
    await accept(socket, request);
  });
  using first = await openRawConnection(gateway.port);
  first.socket.write(rawPush('first'));
  await upstream.received(1);
  using second = await openRawConnection(gateway.port);
  second.socket.write('PUT /metrics/job/second HTTP/1.1\r\n');
  using idle = await openRawConnection(gateway.port);
  idle.socket.write(rawPush('before'));
  assert.match(await answered(idle), /^HTTP\/1\.1 200 OK\r$/m);
  await terminate(gateway);
  await idle.ended;
  second.socket.write(rawPush('second').replace(/^.*\r\n/, ''));
  for (const pattern of [/^HTTP\/1\.1 200 OK\r$/m, /^connection: close\r$/im]) {
    assert.match(await answered(second), pattern);
  }
  await assert.rejects(push(gateway, 'new'));
  gate.resolve();
  assert.match(await answered(first), /^HTTP\/1\.1 200 OK\r$/m);
  assert.deepEqual(await gateway.ended, { code: 0, signal: null });
  const outcomes = (await gateway.auditRecords()).filter(({ event }) => event === 'outcome');
  assert.equal(outcomes.length, 3);
});

test('row 25: what comes too late to be finished is refused as draining', async () => {
  await using upstream = await startRecordingUpstream();
  const change = { server: { drain_timeout: '2s' }, upstream: { timeout: '2s' } };
  await using gateway = await startGatewayProcess(stageDocument(upstream.url, change));
  using late = await openRawConnection(gateway.port);
  late.socket.write('PUT /metrics/job/late HTTP/1.1\r\n');
  assert.equal((await push(gateway)).status, 200);
  await terminate(gateway);
  late.socket.write(rawPush('late').replace(/^.*\r\n/, ''));
  const answer = await answered(late);
  assert.match(answer, /^HTTP\/1\.1 503 Service Unavailable \(draining\)\r$/m);
  assert.match(answer, /^retry-after: 1\r$/im);
  assert.deepEqual(await gateway.ended, { code: 0, signal: null });
  assert.equal(upstream.requests.length, 1);
});

test('row 27: what does not end in the drain time is cut off, and its outcome is unknown', async () => {
  await using upstream = await startRecordingUpstream(hang);
  const change = { server: { drain_timeout: '300ms' }, upstream: { timeout: '1s' } };
  await using gateway = await startGatewayProcess(stageDocument(upstream.url, change));
  using connection = await openRawConnection(gateway.port);
  connection.socket.write(rawPush());
  await upstream.received(1);
  assert.deepEqual(await gateway.stop('SIGTERM'), { code: 1, signal: null });
  assert.equal(connection.received(), '');
  const outcome = (await gateway.auditRecords()).find(({ event }) => event === 'outcome');
  assert.ok(outcome?.event === 'outcome');
  assert.equal(outcome.status, 'unknown');
});
