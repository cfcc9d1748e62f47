import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { eventually } from '../support/eventually.ts';
import { startGateway } from '../support/gateway.ts';
import { type Pushgateway, pushgatewayMissing, startPushgateway } from '../support/pushgateway.ts';
import { tokenCredential } from '../support/test-credential.ts';

const TOKEN = tokenCredential('nightly');
/** Far less than the listing takes, and more than a push does on a machine under load. */
const PROMPT_MS = 1500;
const PART_BYTES = 64;

/** A way to a Pushgateway on which its listing takes as long as a test likes. */
async function startSlowWay({ port }: Pushgateway) {
  let isSlow = false;
  let held: (() => void)[] = [];
  const answerSlowly = async (answer: IncomingMessage, res: ServerResponse): Promise<void> => {
    await new Promise<void>((resolve) => held.push(resolve));
    res.writeHead(200, answer.headers);
    for await (const chunk of answer) {
      for (let at = 0; at < chunk.length; at += PART_BYTES) {
        res.write(chunk.subarray(at, at + PART_BYTES));
        await wait(20);
      }
    }
    res.end();
  };
  const server = createServer((req, res) => {
    const { method, url: path, headers } = req;
    const outgoing = request({ host: '127.0.0.1', port, method, path, headers }, (answer) => {
      if (isSlow && path === '/api/v1/metrics') void answerSlowly(answer, res);
      else answer.pipe(res.writeHead(answer.statusCode ?? 0, answer.headers));
    });
    outgoing.on('error', () => res.destroy());
    req.pipe(outgoing);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address() as AddressInfo; // of a TCP server
  return {
    url: `http://127.0.0.1:${address.port}`,
    slowDown(): void {
      isSlow = true;
    },
    /** How many wait for their answer to begin. */
    held: () => held.length,
    letGo(): void {
      for (const resolve of held) resolve();
      held = [];
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

test('row 60: a listing that takes seconds keeps no push and no scrape waiting', {
  skip: pushgatewayMissing('1.11'),
}, async () => {
  await using pushgateway = await startPushgateway({ version: '1.11' });
  await using way = await startSlowWay(pushgateway);
  await using gateway = await startGateway({
    upstream: { url: way.url },
    teams: {
      batch: { jobs: ['*'], allow: ['push', 'delete', 'read'], credentials: [TOKEN.spec] },
    },
  });
  const headers = { authorization: TOKEN.authorization };
  const ask = async (method: string, path: string, body?: string): Promise<number> => {
    const began = performance.now();
    const answer = await fetch(gateway.url + path, { method, headers, ...(body && { body }) });
    const text = await answer.text();
    const took = performance.now() - began;
    assert.ok(took < PROMPT_MS, `${method} ${path} took ${Math.round(took)} ms: ${text}`);
    return answer.status;
  };
  const push = (job: string, body: string) => ask('PUT', `/metrics/job/${job}`, body);
  assert.equal(await push('known', '# TYPE rows gauge\nrows 1\n'), 200);

  way.slowDown();
  const past = `${pushgateway.url}/metrics/job/past`;
  await (await fetch(past, { method: 'PUT', body: '# TYPE strange gauge\nstrange 1\n' })).text();
  const read = fetch(`${gateway.adminUrl}/-/quarantine?dry_run=true`, { method: 'POST' });
  await eventually('the reading', async () => way.held() > 0 || undefined);
  const pushAll = async (): Promise<void> => {
    assert.equal(await push('known', '# TYPE rows gauge\nrows 2\n'), 200);
    assert.equal(await push('fresh', '# TYPE more gauge\nmore 1\n'), 200);
    assert.equal(await push('clash', '# TYPE rows counter\nrows 1\n'), 400);
    assert.equal(await ask('DELETE', '/metrics/job/fresh'), 202);
    assert.equal(await ask('GET', '/metrics'), 200);
    assert.equal(await ask('GET', '/-/ready'), 200);
  };
  await pushAll();
  await wait(2000);
  await pushAll();
  way.letGo();
  await pushAll();
  await eventually('its end', async () => {
    way.letGo();
    return (
      (await (await fetch(`${gateway.url}/api/v1/groups`, { headers })).text()).includes(
        '"past"',
      ) || undefined
    );
  });
  assert.equal(await push('clash', '# TYPE strange counter\nstrange 1\n'), 400);
  const letGo = setInterval(() => way.letGo(), 100); // quarantine lists once more
  assert.equal((await read).status, 200);
  clearInterval(letGo);
});
