import assert from 'node:assert/strict';
import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { Agent, request } from 'node:http';
import { after, before, test } from 'node:test';
import { eventually } from '../support/eventually.ts';
import { type GatewayProcess, startGatewayProcess } from '../support/gateway.ts';
import { type RecordingUpstream, startRecordingUpstream } from '../support/recording-upstream.ts';
import { basicCredential } from '../support/test-credential.ts';
import { openRawConnection } from './raw-connection.ts';
import { push, rawRequest, readMetric, stageDocument, TOKEN } from './stage.ts';

/** A configuration that changes while the gateway serves: all of it, or nothing. */

const BASIC = basicCredential('ci');

const stack = new AsyncDisposableStack();
let upstream: RecordingUpstream;
let gateway: GatewayProcess;
/** What the gateway was started with. */
let original: string;
before(async () => {
  upstream = stack.use(await startRecordingUpstream());
  const credentials = [TOKEN.spec, BASIC.spec];
  const teams = { etl: { jobs: ['*'], credentials } };
  gateway = stack.use(await startGatewayProcess(stageDocument(upstream.url, { teams })));
  original = await readFile(gateway.configFile, 'utf8');
});
after(() => stack.disposeAsync());

async function reload() {
  const answer = await fetch(`${gateway.adminUrl}/-/reload`, { method: 'POST' });
  return { status: answer.status, text: await answer.text() };
}

/** Puts a file in place of the configuration, and the original once the test is over. */
async function withConfig(text: string): Promise<AsyncDisposable> {
  await writeFile(gateway.configFile, text);
  return {
    async [Symbol.asyncDispose]() {
      await writeFile(gateway.configFile, original);
      assert.equal((await reload()).status, 200);
    },
  };
}

/** The original but for some keys. */
function changed(change: object): string {
  return JSON.stringify({ ...JSON.parse(original), ...change });
}

const SUCCESSFUL = 'pushwarden_config_last_reload_successful';
const unknownSecret = { type: 'token', name: 'a', sha256: { env: 'PUSHWARDEN_TEST_MISSING' } };

const BROKEN = {
  'is not YAML': () => 'teams: [',
  'is half written': () => original.slice(0, original.length / 2),
  'is empty': () => '',
  'has an unknown key': () => changed({ listn: '127.0.0.1:1' }),
  'names a secret that is missing': () =>
    changed({ teams: { etl: { jobs: ['*'], credentials: [unknownSecret] } } }),
  'has no teams': () => changed({ teams: undefined }),
  'listens elsewhere': () => changed({ listen: '127.0.0.1:1' }),
  'has another admin side': () => changed({ admin: { listen: 'off' } }),
  'has another audit log': () => changed({ audit: { file: 'other.jsonl' } }),
};
for (const [name, render] of Object.entries(BROKEN)) {
  test(`row 28: a configuration that ${name} is refused, and the one in use stays`, async () => {
    await using _ = await withConfig(render());
    const { status, text } = await reload();
    assert.equal(status, 400);
    assert.match(text, /^not reloaded, the configuration in use stays\n.+/);
    assert.equal(await readMetric(gateway, SUCCESSFUL), 0);
    assert.equal((await push(gateway)).status, 200);
    assert.equal((await push(gateway, 'a/b')).status, 400);
  });
}

test('row 28: a configuration that is gone is refused, and the one in use stays', async () => {
  await using _ = await withConfig(original);
  await rm(gateway.configFile);
  assert.equal((await reload()).status, 400);
  assert.equal((await push(gateway)).status, 200);
});

test('row 28: a refused reload says what only a restart can change', async () => {
  await using _ = await withConfig(changed({ listen: '127.0.0.1:1' }));
  assert.match((await reload()).text, /^listen: only a restart can change this$/m);
});

/** The status of a push, or the code of its error. */
async function pushOn(agent: Agent, authorization: string): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>();
  const options = { agent, method: 'PUT', headers: { authorization } };
  const outgoing = request(`${gateway.url}/metrics/job/load`, options, (incoming) => {
    incoming.resume().on('end', () => resolve(String(incoming.statusCode)));
  });
  outgoing.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
  outgoing.end('rows 1\n');
  return await promise;
}

test('row 28: no push of thousands fails while good and broken files take turns', async () => {
  await using _ = await withConfig(original);
  const agent = new Agent({ keepAlive: true, maxSockets: 20 });
  const endings = new Map<string, number>();
  let isOver = false;
  const loops = Array.from({ length: 20 }, async () => {
    while (!isOver) {
      const ending = await pushOn(agent, TOKEN.authorization);
      endings.set(ending, (endings.get(ending) ?? 0) + 1);
    }
  });
  const files = [
    changed({ failures: { per: '2m', limit: 30 } }),
    original.slice(0, 100),
    changed({ upstream: { url: upstream.url, timeout: '3s' } }),
    'teams: [',
  ];
  const statuses: number[] = [];
  for (let round = 0; (endings.get('200') ?? 0) < 2000 || round < 12; round += 1) {
    await writeFile(`${gateway.configFile}.new`, files[round % files.length] ?? '');
    await rename(`${gateway.configFile}.new`, gateway.configFile);
    statuses.push((await reload()).status);
  }
  isOver = true;
  await Promise.all(loops);
  agent.destroy();
  assert.deepEqual([...endings.keys()], ['200']);
  assert.deepEqual(statuses.slice(0, 4), [200, 400, 200, 400]);
});

test('row 29: a push ends under the configuration that it began with', async () => {
  await using _ = await withConfig(
    changed({ teams: { etl: { jobs: ['other'], credentials: [TOKEN.spec] } } }),
  );
  using connection = await openRawConnection(gateway.port);
  const head = rawRequest('PUT /metrics/job/etl', ['Content-Length: 7', 'Expect: 100-continue']);
  connection.socket.write(head);
  await eventually('100 Continue', () =>
    connection.received().startsWith('HTTP/1.1 100') ? true : undefined,
  );
  assert.equal((await reload()).status, 200);
  connection.socket.write('rows 1\n');
  await eventually('the answer', () =>
    / (200|403) /.test(connection.received()) ? true : undefined,
  );
  assert.match(connection.received(), /^HTTP\/1\.1 200 OK\r$/m);
  assert.equal((await push(gateway)).status, 403);
  const reloads = (await gateway.auditRecords()).filter(({ event }) => event === 'reload');
  const last = reloads.at(-1);
  assert.ok(last?.event === 'reload');
  assert.deepEqual(last.changed, ['teams.etl']);
});

test('row 30: who was removed gets 401 at the next request, on a connection that knew the password', async () => {
  await using _ = await withConfig(
    changed({ teams: { etl: { jobs: ['*'], credentials: [TOKEN.spec] } } }),
  );
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  assert.equal(await pushOn(agent, BASIC.authorization), '200');
  assert.equal(await pushOn(agent, BASIC.authorization), '200');
  assert.equal((await reload()).status, 200);
  assert.equal(await pushOn(agent, BASIC.authorization), '401');
  agent.destroy();
});

test('row 30: a password that was changed counts at the next request', async () => {
  const next = basicCredential('ci', 'another password');
  await using _ = await withConfig(
    changed({ teams: { etl: { jobs: ['*'], credentials: [next.spec] } } }),
  );
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  assert.equal(await pushOn(agent, BASIC.authorization), '200');
  assert.equal((await reload()).status, 200);
  assert.equal(await pushOn(agent, BASIC.authorization), '401');
  assert.equal(await pushOn(agent, next.authorization), '200');
  agent.destroy();
});
