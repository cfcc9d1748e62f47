import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { test } from 'node:test';
import { shareWork } from '../../src/http/share-work.ts';
import { startStage } from '../faults/stage.ts';

/**
 * The attack: the admin side asks for no credential and took every connection. Whoever reaches it,
 * any pod where a Prometheus of the cluster scrapes it, could take the file descriptors of the
 * process, and with them those of the public side.
 */
const CONNECTIONS = 64;

test('the admin side takes no more connections than scrapes and probes need', async () => {
  await using stage = await startStage();
  const port = Number(new URL(stage.gateway.adminUrl).port);
  const sockets: Socket[] = [];
  try {
    for (let count = 0; count < CONNECTIONS; count += 1) {
      const socket = connect({ port, host: '127.0.0.1' });
      sockets.push(socket);
      await once(socket, 'connect');
    }
    const surplus = connect({ port, host: '127.0.0.1' }).resume();
    sockets.push(surplus);
    await once(surplus, 'close');
    assert.ok(sockets.slice(0, CONNECTIONS).every(({ destroyed }) => !destroyed));
    assert.equal((await fetch(`${stage.gateway.url}/-/healthy`)).status, 200);
  } finally {
    for (const socket of sockets) socket.destroy();
  }
});

test('requests that nobody reads the answers of, as many as come, keep no push waiting', async () => {
  await using stage = await startStage();
  const port = Number(new URL(stage.gateway.adminUrl).port);
  const sockets = Array.from({ length: 60 }, () => connect({ port, host: '127.0.0.1' }));
  for (const socket of sockets) {
    socket.on('error', () => {}).write('GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n'.repeat(200));
  }
  // a client that pipelines so many is cut off
  await Promise.all(sockets.map((socket) => socket.destroyed || once(socket, 'close')));
  assert.equal((await fetch(`${stage.gateway.url}/-/healthy`)).status, 200);
  assert.equal((await fetch(`${stage.gateway.adminUrl}/metrics`)).status, 200);
});

test('what is asked for at the same time is done once, after it was asked for', async () => {
  let done = 0;
  const ask = shareWork(async () => {
    done += 1;
    const mine = done;
    await new Promise((resolve) => setImmediate(resolve));
    return mine;
  });
  const first = ask();
  await new Promise((resolve) => setImmediate(resolve));
  const later = await Promise.all([ask(), ask(), ask()]);
  assert.deepEqual([await first, later], [1, [2, 2, 2]]);
  const broken = shareWork(() => Promise.reject(new Error('broken')));
  await assert.rejects(broken(), /broken/);
  await assert.rejects(broken(), /broken/);
});
