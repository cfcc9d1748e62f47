import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { test } from 'node:test';
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
