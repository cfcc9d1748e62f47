import assert from 'node:assert/strict';
import { Agent, request } from 'node:http';
import { test } from 'node:test';
import { eventually } from '../support/eventually.ts';
import { startGatewayProcess } from '../support/gateway.ts';
import { oneTeam, pushRows, TOKEN } from '../support/one-team.ts';
import { startRecordingUpstream } from '../support/recording-upstream.ts';
import { createScratch } from '../support/scratch.ts';
import { accept, hang } from '../support/upstream-behaviour.ts';

test('row 25: SIGTERM under the load of 20 keep-alive connections loses nothing that was accepted', async () => {
  await using upstream = await startRecordingUpstream();
  const limits = { rate: '100000/s', burst: 100_000, concurrent: 1000 };
  const document = { ...oneTeam({ url: upstream.url }), defaults: { limits } };
  await using gateway = await startGatewayProcess(document);
  const agent = new Agent({ keepAlive: true, maxSockets: 20 });
  let acknowledged = 0;
  const endings: string[] = [];
  const loop = async (name: number): Promise<void> => {
    for (let round = 0; ; round += 1) {
      const ending = await pushOnce(agent, `${gateway.url}/metrics/job/j${name}_${round}`);
      if (ending === '200') acknowledged += 1;
      else return void endings.push(ending);
    }
  };
  const loops = Promise.all(Array.from({ length: 20 }, (_, name) => loop(name)));
  await eventually('a load', () => (acknowledged > 400 ? true : undefined));
  const end = await gateway.stop('SIGTERM');
  await loops;
  agent.destroy();
  assert.deepEqual(end, { code: 0, signal: null });
  assert.equal(upstream.requests.length, acknowledged);
  // Who comes after the end finds nobody, or was in the queue of the kernel.
  const odd = endings.filter((ending) => ending !== 'ECONNREFUSED' && ending !== 'ECONNRESET');
  assert.deepEqual(odd, []);
  const outcomes = (await gateway.auditRecords()).filter(({ event }) => event === 'outcome');
  assert.equal(outcomes.length, acknowledged);
});

/** The status, or the code of the error. */
async function pushOnce(agent: Agent, url: string): Promise<string> {
  const headers = { authorization: TOKEN.authorization };
  const { promise, resolve } = Promise.withResolvers<string>();
  const outgoing = request(url, { agent, method: 'PUT', headers }, (incoming) => {
    incoming.resume().on('end', () => resolve(String(incoming.statusCode)));
  });
  outgoing.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
  outgoing.end('rows 1\n');
  return await promise;
}

test('row 27: serve ends with 1 when the drain time cuts requests off', async () => {
  await using upstream = await startRecordingUpstream(hang);
  const server = { drain_timeout: '300ms' };
  const document = oneTeam({ url: upstream.url, timeout: '2s' }, { server });
  await using gateway = await startGatewayProcess(document);
  const cut = assert.rejects(pushRows(gateway.url, 'a'));
  await upstream.received(1);
  assert.deepEqual(await gateway.stop('SIGTERM'), { code: 1, signal: null });
  await cut;
});

test('row 27: a second signal ends serve at once', async () => {
  await using upstream = await startRecordingUpstream(hang);
  const server = { drain_timeout: '3m' };
  const document = oneTeam({ url: upstream.url, timeout: '2m' }, { server });
  await using gateway = await startGatewayProcess(document);
  const cut = assert.rejects(pushRows(gateway.url, 'a'));
  await upstream.received(1);
  const asked = performance.now();
  const again = setInterval(() => process.kill(gateway.pid, 'SIGTERM'), 100);
  const end = await gateway.stop('SIGTERM');
  clearInterval(again);
  await cut;
  assert.deepEqual(end, { code: 1, signal: null });
  assert.ok(performance.now() - asked < 60_000);
});

test('a signal that comes twice in a moment, as npm passes it on, is one', async () => {
  await using upstream = await startRecordingUpstream();
  await using gateway = await startGatewayProcess(oneTeam({ url: upstream.url }));
  process.kill(gateway.pid, 'SIGINT');
  assert.deepEqual(await gateway.stop('SIGINT'), { code: 0, signal: null });
});

test('row 54: after an error nobody foresaw, serve finishes what is under way and ends with 1', async () => {
  await using scratch = await createScratch();
  const fault = await scratch.write(
    'fault.mjs',
    `process.on('SIGUSR2', () => setTimeout(() => { throw new Error('out of the blue'); }));`,
  );
  await using upstream = await startRecordingUpstream();
  const gate = Promise.withResolvers<void>();
  upstream.behave(async (socket, incoming) => {
    await gate.promise;
    await accept(socket, incoming);
  });
  await using gateway = await startGatewayProcess(oneTeam({ url: upstream.url }), {
    ...process.env,
    NODE_OPTIONS: `--import=${fault}`,
  });
  const underWay = pushRows(gateway.url, 'a');
  await upstream.received(1);
  process.kill(gateway.pid, 'SIGUSR2');
  await eventually('the log', () => gateway.log.find((line) => line.includes('"stopping"')));
  gate.resolve();
  assert.equal(await underWay, 200);
  assert.deepEqual(await gateway.ended, { code: 1, signal: null });
  const fields = gateway.log.map((line) => JSON.parse(line)).find(({ error }) => error);
  assert.equal(fields.msg, 'unforeseen error, ending');
  assert.equal(fields.error.message, 'out of the blue');
});
