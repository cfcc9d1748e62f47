import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { allow } from '../../src/core/decision.ts';
import { createAdminApp } from '../../src/http/admin.ts';
import { type LoopbackServer, startServer } from '../http/loopback-server.ts';
import { exchange } from '../support/raw-http.ts';

/**
 * The attack: a web page that the operator looks at lets its own name lead to 127.0.0.1. Its scripts
 * are then of the same site as the admin side, which asks for no credential: they could read its
 * answers and have the gateway reload.
 */
let reloads = 0;
let runs = 0;
let server: LoopbackServer;
before(async () => {
  const app = createAdminApp({
    securityHeaders: {},
    hosts: ['gw.example'],
    isReady: () => true,
    registry: { contentType: 'text/plain', render: async () => '' },
    async reload() {
      reloads += 1;
      return { ok: true };
    },
    knownStore: async () => allow({ groups: () => [], group: () => undefined }),
    expiry: () => () => undefined,
    async runJanitor({ isDryRun }) {
      runs += 1;
      return { due: 0, deleted: 0, kept: 0, refused: 0, endedEarly: undefined, isDryRun };
    },
    runRebalance: async () => ({
      ...{ due: 0, moved: 0, kept: 0, refused: 0, copied: 0, endedEarly: undefined },
    }),
    runQuarantine: async () => ({
      found: 0,
      deleted: 0,
      kept: 0,
      isWhole: true,
      endedEarly: undefined,
    }),
    log: { info() {}, warn() {}, error() {} },
  });
  server = await startServer(app);
});
after(() => server[Symbol.asyncDispose]());

async function ask(line: string, host: string, ...headers: readonly string[]): Promise<number> {
  const head = [`${line} HTTP/1.1`, `Host: ${host}`, 'Content-Length: 0', ...headers, '', ''];
  const { answers } = await exchange({ port: server.port, send: head.join('\r\n') });
  return answers[0]?.status ?? 0;
}

const OWN = ['127.0.0.1:9095', '[::1]:9095', '10.0.0.7', 'localhost:9095', 'GW.example:80'];
for (const host of OWN) {
  test(`a reload that is sent to ${host} is taken`, async () => {
    assert.equal(await ask('POST /-/reload', host), 200);
    assert.equal(await ask('GET /-/groups', host), 200);
  });
}

const FOREIGN = [
  'evil.example',
  'evil.example:9095',
  'localhost.evil.example',
  '127.0.0.1.evil',
  'localhost@evil.example',
  'evil.example, localhost',
  '2130706433',
  '127.1',
  'localhost.',
  '[::1].evil.example',
  '[::1%evil]',
  'localhost:evil',
  '',
];
for (const host of FOREIGN) {
  test(`a reload that is sent to "${host}" is refused, as is every path but metrics and health`, async () => {
    const before = reloads;
    assert.equal(await ask('POST /-/reload', host), 403);
    assert.equal(await ask('GET /-/groups', host), 403);
    assert.equal(reloads, before);
    assert.equal(await ask('POST /-/janitor', host), 403);
    assert.equal(await ask('POST /-/quarantine', host), 403);
    assert.equal(await ask('POST /-/rebalance', host), 403);
    assert.equal(runs, 0);
    assert.equal(await ask('GET /metrics', host), 200);
    assert.equal(await ask('GET /-/healthy', host), 200);
    assert.equal(await ask('GET /-/ready', host), 200);
  });
}

test('a request with two names, or one that is asked of a proxy, is refused', async () => {
  assert.equal(await ask('POST /-/reload', 'localhost', 'Host: evil.example'), 403);
  assert.equal(await ask('POST /-/reload', 'evil.example', 'Host: localhost'), 403);
  assert.equal(await ask('POST http://evil.example/-/reload', 'localhost'), 403);
  assert.equal(await ask('POST http://localhost/-/reload', 'evil.example'), 403);
});

test('a POST of another site is refused, and one of no site is not', async () => {
  assert.equal(await ask('POST /-/reload', 'localhost', 'Origin: https://evil.example'), 403);
  assert.equal(await ask('POST /-/reload', 'localhost', 'Sec-Fetch-Site: cross-site'), 403);
  assert.equal(await ask('POST /-/reload', 'localhost'), 200);
  assert.equal(await ask('POST /-/janitor', 'localhost', 'Origin: https://evil.example'), 403);
  assert.equal(runs, 0);
  assert.equal(await ask('POST /-/janitor', 'localhost'), 200);
  assert.equal(runs, 1);
});
