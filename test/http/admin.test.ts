import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { allow, deny } from '../../src/core/decision.ts';
import { createAdminApp, type ReloadResult } from '../../src/http/admin.ts';
import type { RunJanitor } from '../../src/http/handle-janitor.ts';
import { resolveSecurityHeaders } from '../../src/http/security-headers.ts';
import { startServer } from './loopback-server.ts';

interface AdminSetup {
  readonly isReady?: boolean;
  readonly isKnown?: boolean;
  readonly result?: ReloadResult | Error;
  readonly runJanitor?: RunJanitor;
}

const NOTHING_DUE = { due: 0, deleted: 0, kept: 0, refused: 0, endedEarly: undefined };

async function startAdmin(setup: AdminSetup = {}) {
  const { isReady = true, isKnown = true, result = { ok: true } } = setup;
  const { runJanitor = async ({ isDryRun }) => ({ ...NOTHING_DUE, isDryRun }) } = setup;
  let reloads = 0;
  const errors: unknown[] = [];
  const app = createAdminApp({
    securityHeaders: resolveSecurityHeaders(),
    hosts: [],
    isReady: () => isReady,
    registry: { contentType: 'text/plain; version=0.0.4', render: async () => 'rows 1\n' },
    async reload() {
      reloads += 1;
      if (result instanceof Error) throw result;
      return result;
    },
    knownStore: async () =>
      isKnown ? allow({ groups: () => [], group: () => undefined }) : deny('overloaded'),
    expiry: () => () => undefined,
    runJanitor,
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
    log: { info() {}, warn() {}, error: (_, fields) => void errors.push(fields) },
  });
  const server = await startServer(app);
  return { ...server, errors, reloads: () => reloads };
}

async function ask(url: string, init: RequestInit = {}) {
  const answer = await fetch(url, init);
  return { status: answer.status, text: await answer.text(), headers: answer.headers };
}

describe('the admin side', () => {
  const ANSWERS = [
    ['GET', '/metrics', 200, 'rows 1\n'],
    ['HEAD', '/metrics', 200, ''],
    ['GET', '/-/healthy', 200, 'OK\n'],
    ['GET', '/-/ready', 200, 'OK\n'],
    ['POST', '/-/reload', 200, 'reloaded\n'],
    ['GET', '/-/reload', 405, 'this path takes POST\n'],
    ['PUT', '/-/reload', 405, 'this path takes POST\n'],
    ['GET', '/-/groups', 200, '{"status":"success","data":[]}\n'],
    ['HEAD', '/-/groups', 200, ''],
    ['POST', '/-/groups', 405, 'this path takes GET, HEAD\n'],
    ['POST', '/metrics', 405, 'this path takes GET, HEAD\n'],
    ['GET', '/', 404, 'not found\n'],
    ['GET', '/-/Healthy', 404, 'not found\n'],
    ['GET', '/metrics/', 404, 'not found\n'],
    ['POST', '/-/quit', 404, 'not found\n'],
    ['GET', '/debug/pprof/', 404, 'not found\n'],
  ] as const;
  for (const [method, path, status, text] of ANSWERS) {
    test(`answers ${method} ${path} with ${status}`, async () => {
      await using admin = await startAdmin();
      const answer = await ask(admin.url + path, { method });
      assert.deepEqual([answer.status, answer.text], [status, text]);
      assert.equal(answer.headers.get('x-content-type-options'), 'nosniff');
      assert.equal(answer.headers.get('x-powered-by'), null);
      if (status === 405) assert.ok(answer.headers.get('allow'));
    });
  }

  test('is not ready while the gateway is not', async () => {
    await using admin = await startAdmin({ isReady: false });
    const { status, text } = await ask(`${admin.url}/-/ready`);
    assert.deepEqual([status, text], [503, 'not ready\n']);
    assert.equal((await ask(`${admin.url}/-/healthy`)).status, 200);
  });

  test('lists no groups before it is known what is stored', async () => {
    await using admin = await startAdmin({ isKnown: false });
    const { status, text } = await ask(`${admin.url}/-/groups`);
    assert.deepEqual([status, text], [503, 'it is not known what Pushgateway holds\n']);
  });

  test('answers a reload that was refused with every problem', async () => {
    const result = {
      ok: false,
      problems: ['a.yaml:1:2: listen: is no address', 'a second'],
    } as const;
    await using admin = await startAdmin({ result });
    const { status, text } = await ask(`${admin.url}/-/reload`, { method: 'POST' });
    assert.equal(status, 400);
    const lines = text.split('\n');
    assert.deepEqual(lines, [
      'not reloaded, the configuration in use stays',
      ...result.problems,
      '',
    ]);
  });

  test('answers what breaks without a stack, and logs it', async () => {
    const error = new Error('out of the blue');
    await using admin = await startAdmin({ result: error });
    const { status, text } = await ask(`${admin.url}/-/reload`, { method: 'POST' });
    assert.deepEqual([status, text], [500, 'the gateway failed, its log says how\n']);
    assert.deepEqual(admin.errors, [{ error }]);
  });

  const PAGES = [
    { origin: 'https://elsewhere.example' },
    { origin: 'null' },
    { 'sec-fetch-site': 'cross-site' },
    { 'sec-fetch-site': 'same-origin' },
  ];
  for (const headers of PAGES) {
    test(`does not reload for a page with ${JSON.stringify(headers)}`, async () => {
      await using admin = await startAdmin();
      const { status } = await ask(`${admin.url}/-/reload`, { method: 'POST', headers });
      assert.deepEqual([status, admin.reloads()], [403, 0]);
    });
  }
});
