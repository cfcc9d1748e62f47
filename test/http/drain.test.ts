import assert from 'node:assert/strict';
import { once } from 'node:events';
import { Agent, createServer, type RequestListener, request } from 'node:http';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { drainServer } from '../../src/http/drain.ts';
import { startServer } from './loopback-server.ts';

const CLIENTS = 20;

/** Connects and sends requests from a thread, says when all are sent, and counts the answers. */
const CLIENTS_THREAD = `
const { connect } = require('node:net');
const { parentPort, workerData: { port, sent, count } } = require('node:worker_threads');
let answers = 0;
let open = count;
for (let index = 0; index < count; index += 1) {
  const socket = connect(port, '127.0.0.1');
  socket.write('GET / HTTP/1.1\\r\\nHost: a\\r\\n\\r\\n', () => {
    Atomics.add(sent, 0, 1);
    Atomics.notify(sent, 0);
  });
  socket.on('data', (chunk) => { answers += chunk.toString().startsWith('HTTP/1.1 200') ? 1 : 0 });
  socket.on('error', () => undefined);
  socket.on('close', () => { open -= 1; if (open === 0) parentPort.postMessage(answers) });
}`;

const answerLast: RequestListener = (_, res) => void res.setHeader('connection', 'close').end();

test('drainServer accepts the connections that the kernel holds before it stops listening', async () => {
  const server = createServer(answerLast);
  await using stage = await startServer(server);
  const sent = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
  const workerData = { port: stage.port, sent, count: CLIENTS };
  const clients = new Worker(CLIENTS_THREAD, { eval: true, workerData });
  const counted = once(clients, 'message');
  // nothing is accepted while this thread sleeps
  for (let seen = 0; seen < CLIENTS; seen = Atomics.load(sent, 0))
    Atomics.wait(sent, 0, seen, 5000);
  assert.equal(await drainServer(server, 5000), true);
  assert.deepEqual(await counted, [CLIENTS]);
});

test('drainServer answers a last request on a connection that is idle', async () => {
  let served = 0;
  const server = createServer((req, res) => {
    served += 1;
    if (served === 1) res.end();
    else answerLast(req, res);
  });
  await using stage = await startServer(server);
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const ask = async (): Promise<boolean> => {
    const outgoing = request(stage.url, { agent }).end();
    const [incoming] = await once(outgoing, 'response');
    incoming.resume();
    await once(incoming, 'end');
    return outgoing.reusedSocket;
  };
  assert.equal(await ask(), false);
  const drained = drainServer(server, 5000);
  assert.equal(await ask(), true);
  assert.equal(await drained, true);
});

test('drainServer closes what stays idle, long before its deadline', async () => {
  const server = createServer((_, res) => void res.end());
  await using stage = await startServer(server);
  const agent = new Agent({ keepAlive: true });
  const [incoming] = await once(request(stage.url, { agent }).end(), 'response');
  incoming.resume();
  await once(incoming, 'end');
  assert.equal(await drainServer(server, 60_000), true);
});

test('drainServer cuts off what does not end in time', async () => {
  const server = createServer(() => undefined);
  await using stage = await startServer(server);
  const cut = assert.rejects(fetch(stage.url));
  await once(server, 'request');
  assert.equal(await drainServer(server, 10), false);
  await cut;
});

test('drainServer of a server that does not listen has nothing to do', async () => {
  assert.equal(await drainServer(createServer(), 0), true);
});
