import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readFile, rename, symlink, writeFile } from 'node:fs/promises';
import { Agent, request } from 'node:http';
import { createServer } from 'node:net';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { curl } from '../support/curl.ts';
import { eventually } from '../support/eventually.ts';
import { type GatewayDocument, startGatewayProcess } from '../support/gateway.ts';
import { startListeningProcess } from '../support/listening-process.ts';
import { findProgram } from '../support/program.ts';
import { pushgatewayMissing } from '../support/pushgateway.ts';
import { exchange } from '../support/raw-http.ts';
import { startRecordingUpstream } from '../support/recording-upstream.ts';
import { createScratch } from '../support/scratch.ts';
import { type TestCredential, tokenCredential } from '../support/test-credential.ts';
import { accept, hang } from '../support/upstream-behaviour.ts';

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url));
const TOKEN = tokenCredential('ci');
const OTHER = tokenCredential('other');

function documentFor(
  upstream: GatewayDocument['upstream'],
  more: { readonly credential?: TestCredential; readonly server?: object } = {},
): GatewayDocument {
  const { credential = TOKEN, server } = more;
  const allow = ['push', 'delete', 'read'];
  return {
    upstream,
    ...(server && { server }),
    teams: { payments: { jobs: ['*'], allow, credentials: [credential.spec] } },
  };
}

async function push(url: string, job: string, credential = TOKEN): Promise<number> {
  const { authorization } = credential;
  const options = { method: 'PUT', headers: { authorization }, body: 'rows 1\n' };
  return (await fetch(`${url}/metrics/job/${job}`, options)).status;
}

/** Runs `serve` where it is to end by itself. */
async function runServe(args: readonly string[]) {
  const child = spawn(process.execPath, [MAIN, 'serve', ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const [stdout, stderr, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'exit'),
  ]);
  return { stdout, stderr, code };
}

function errorsOf(stderr: string): readonly { readonly code: string; readonly msg: string }[] {
  const records = stderr.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line)]));
  return records.filter(({ level }) => level === 'error');
}

function messages(log: readonly string[]): readonly string[] {
  return log.map((line) => JSON.parse(line).msg);
}

test('serve says where it listens, takes pushes, and ends with 0 on SIGTERM', async () => {
  await using upstream = await startRecordingUpstream();
  await using gateway = await startGatewayProcess(documentFor({ url: upstream.url }));
  const ready = JSON.parse(gateway.log.find((line) => line.includes('"ready"')) ?? '{}');
  assert.deepEqual([ready.listen, ready.admin], [gateway.url, gateway.adminUrl]);
  const header = `authorization: ${TOKEN.authorization}`;
  const target = `${gateway.url}/metrics/job/settlement`;
  const { status } = await curl(['--header', header, '--data-binary', '@-', target], 'rows 1\n');
  assert.equal(status, 200);
  assert.equal(upstream.requests[0]?.target, '/metrics/job/settlement');
  assert.deepEqual(await gateway.stop('SIGTERM'), { code: 0, signal: null });
  const records = await gateway.auditRecords();
  assert.deepEqual(
    records.map(({ event }) => event),
    ['start', 'decision', 'outcome', 'stop'],
  );
  assert.equal(
    records.some((record) => record.event === 'stop' && record.cause === 'SIGTERM'),
    true,
  );
  assert.equal(gateway.log.join().includes(TOKEN.secret), false);
  const ending = messages(gateway.log).filter((message) => message.startsWith('stop'));
  assert.deepEqual(ending, ['stopping', 'stopped']);
});

test('serve prints every problem of its configuration and ends with 1', async () => {
  await using scratch = await createScratch();
  const file = await scratch.write('bad.yaml', 'listen: nowhere\nteams: { a: { jbos: [x] } }\n');
  const { stdout, code } = await runServe(['--config', file]);
  assert.equal(code, 1);
  assert.match(stdout, /bad\.yaml:1:9: listen: must be an address/);
  assert.match(stdout, /bad\.yaml:2:\d+: teams\.a: .*jbos/);
  assert.match(stdout, /^FAILED: \d+ errors, 0 warnings$/m);
});

test('serve without its configuration file ends with 1', async () => {
  const { stdout, code } = await runServe(['--config', '/does/not/exist.yaml']);
  assert.equal(code, 1);
  assert.match(stdout, /^\/does\/not\/exist\.yaml.*: .*no such file$/m);
});

test('serve without --config is wrong usage', async () => {
  assert.equal((await runServe([])).code, 2);
});

test('serve on a port that is taken says so in one line and ends with 1', async () => {
  await using scratch = await createScratch();
  const holder = createServer().listen(0, '127.0.0.1');
  await once(holder, 'listening');
  const { port } = holder.address() as { port: number }; // a TCP server that listens
  const document = {
    ...documentFor({ url: 'http://127.0.0.1:9092' }),
    listen: `127.0.0.1:${port}`,
    admin: { listen: 'off' },
  };
  const file = await scratch.write('pushwarden.yaml', JSON.stringify(document));
  const { stderr, code } = await runServe(['--config', file]);
  holder.close();
  assert.equal(code, 1);
  const [error, ...more] = errorsOf(stderr);
  assert.deepEqual([error?.code, more], ['ERR_LISTEN', []]);
  assert.match(error?.msg ?? '', new RegExp(`cannot listen on 127\\.0\\.0\\.1:${port}`));
});

test('SIGTERM under the load of 20 keep-alive connections loses nothing that was accepted', async () => {
  await using upstream = await startRecordingUpstream();
  const limits = { rate: '100000/s', burst: 100_000, concurrent: 1000 };
  const document = { ...documentFor({ url: upstream.url }), defaults: { limits } };
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

test('serve ends with 1 when the drain time cuts requests off', async () => {
  await using upstream = await startRecordingUpstream(hang);
  const server = { drain_timeout: '300ms' };
  const document = documentFor({ url: upstream.url, timeout: '2s' }, { server });
  await using gateway = await startGatewayProcess(document);
  const cut = assert.rejects(push(gateway.url, 'a'));
  await upstream.received(1);
  assert.deepEqual(await gateway.stop('SIGTERM'), { code: 1, signal: null });
  await cut;
});

test('a second signal ends serve at once', async () => {
  await using upstream = await startRecordingUpstream(hang);
  await using gateway = await startGatewayProcess(documentFor({ url: upstream.url }));
  const cut = assert.rejects(push(gateway.url, 'a'));
  await upstream.received(1);
  const asked = performance.now();
  const again = setInterval(() => process.kill(gateway.pid, 'SIGTERM'), 100);
  const end = await gateway.stop('SIGTERM');
  clearInterval(again);
  await cut;
  assert.deepEqual(end, { code: 1, signal: null });
  assert.ok(performance.now() - asked < 5000);
});

test('a signal that comes twice in a moment, as npm passes it on, is one', async () => {
  await using upstream = await startRecordingUpstream();
  await using gateway = await startGatewayProcess(documentFor({ url: upstream.url }));
  process.kill(gateway.pid, 'SIGINT');
  assert.deepEqual(await gateway.stop('SIGINT'), { code: 0, signal: null });
});

test('SIGHUP reloads: who is new gets in, who is gone does not', async () => {
  await using upstream = await startRecordingUpstream();
  await using gateway = await startGatewayProcess(documentFor({ url: upstream.url }));
  const next = documentFor({ url: upstream.url }, { credential: OTHER });
  await rewrite(gateway.configFile, next);
  assert.equal(await push(gateway.url, 'a'), 200);
  process.kill(gateway.pid, 'SIGHUP');
  await eventually('the reload', async () =>
    (await push(gateway.url, 'a', OTHER)) === 200 ? true : undefined,
  );
  assert.equal(await push(gateway.url, 'a'), 401);
});

test('SIGHUP with a broken file keeps the configuration in use and says why', async () => {
  await using upstream = await startRecordingUpstream();
  await using gateway = await startGatewayProcess(documentFor({ url: upstream.url }));
  await writeFile(gateway.configFile, 'teams: [');
  process.kill(gateway.pid, 'SIGHUP');
  const line = await eventually('the refusal', () =>
    gateway.log.find((entry) => entry.includes('reload refused')),
  );
  assert.match(String(JSON.parse(line).problems[0]), /pushwarden\.yaml:1:/);
  assert.equal(await push(gateway.url, 'a'), 200);
});

/** Keeps what a running gateway cannot change. */
async function rewrite(file: string, document: GatewayDocument): Promise<void> {
  const before = JSON.parse(await readFile(file, 'utf8'));
  await writeFile(file, JSON.stringify({ ...before, ...document }));
}

const swaps = ['the file is written anew', 'its folder is swapped as Kubernetes does it'] as const;
for (const how of swaps) {
  test(`serve --watch reloads when ${how}`, async () => {
    await using scratch = await createScratch();
    await using upstream = await startRecordingUpstream();
    const render = (credential: TestCredential): string =>
      JSON.stringify({
        ...documentFor({ url: upstream.url }, { credential }),
        listen: '127.0.0.1:0',
        admin: { listen: 'off' },
        audit: { file: `${scratch.path}/audit.jsonl` },
      });
    const mount = async (folder: string, credential: TestCredential): Promise<void> => {
      await mkdir(`${scratch.path}/${folder}`);
      await scratch.write(`${folder}/pushwarden.yaml`, render(credential));
      await symlink(folder, `${scratch.path}/..data_tmp`);
      await rename(`${scratch.path}/..data_tmp`, `${scratch.path}/..data`);
    };
    await mount('..1', TOKEN);
    const file = `${scratch.path}/pushwarden.yaml`;
    await symlink('..data/pushwarden.yaml', file);
    await using gateway = await startListeningProcess({
      command: process.execPath,
      args: [MAIN, 'serve', '--watch', '--config', file],
      ready: ({ msg, listen }) => (msg === 'ready' ? String(listen) : undefined),
    });
    assert.equal(await push(gateway.ready, 'a', OTHER), 401);
    if (how === 'the file is written anew') await writeFile(file, render(OTHER));
    else await mount('..2', OTHER);
    await eventually('the reload', async () =>
      (await push(gateway.ready, 'a', OTHER)) === 200 ? true : undefined,
    );
    assert.equal(await push(gateway.ready, 'a'), 401);
  });
}

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
  await using gateway = await startGatewayProcess(documentFor({ url: upstream.url }), {
    ...process.env,
    NODE_OPTIONS: `--import=${fault}`,
  });
  const underWay = push(gateway.url, 'a');
  await upstream.received(1);
  process.kill(gateway.pid, 'SIGUSR2');
  await eventually('the log', () => messages(gateway.log).find((msg) => msg === 'stopping'));
  gate.resolve();
  assert.equal(await underWay, 200);
  assert.deepEqual(await gateway.ended, { code: 1, signal: null });
  const fields = gateway.log.map((line) => JSON.parse(line)).find(({ error }) => error);
  assert.equal(fields.msg, 'unforeseen error, ending');
  assert.equal(fields.error.message, 'out of the blue');
});

test('row 56: the lenient parser cannot be switched on from outside', async () => {
  await using upstream = await startRecordingUpstream();
  await using gateway = await startGatewayProcess(documentFor({ url: upstream.url }), {
    ...process.env,
    NODE_OPTIONS: '--insecure-http-parser',
  });
  const send = [
    'POST /metrics/job/a HTTP/1.1',
    'Host: gateway',
    `Authorization: ${TOKEN.authorization}`,
    'Content-Length: 3',
    'Transfer-Encoding: chunked',
    '',
    '0\r\n\r\n',
  ].join('\r\n');
  const { answers } = await exchange({ port: gateway.port, send });
  assert.equal(answers[0]?.status, 400);
  assert.equal(upstream.requests.length, 0);
});

const skip = pushgatewayMissing('1.5');
const spawned = { spawn: { command: findProgram('pushgateway-1.5') ?? '' } };

test('serve starts a Pushgateway of its own, starts it again, and ends it last', {
  skip,
}, async () => {
  await using gateway = await startGatewayProcess(documentFor(spawned));
  assert.equal(await push(gateway.url, 'a'), 200);
  const [child] = await childrenOf(gateway.pid);
  assert.ok(child);
  process.kill(child, 'SIGKILL');
  await eventually('another', async () =>
    (await push(gateway.url, 'b')) === 200 && (await childrenOf(gateway.pid))[0] !== child
      ? true
      : undefined,
  );
  const { status, body } = await scrape(gateway.url);
  assert.equal(status, 200);
  assert.match(body, /rows\{instance="",job="b"\} 1/);
  const [second] = await childrenOf(gateway.pid);
  assert.deepEqual(await gateway.stop('SIGTERM'), { code: 0, signal: null });
  await eventually('the child is gone', () => goneOrUndefined(second));
});

test('kill -9 of serve leaves no Pushgateway behind', { skip }, async () => {
  await using gateway = await startGatewayProcess(documentFor(spawned));
  const [child] = await childrenOf(gateway.pid);
  assert.ok(child);
  await gateway.stop('SIGKILL');
  await eventually('the child is gone', () => goneOrUndefined(child));
});

test('serve with a program that is no Pushgateway says so and ends with 1', async () => {
  await using scratch = await createScratch();
  const document = documentFor({ spawn: { command: '/bin/false' } });
  const file = await scratch.write('pushwarden.yaml', JSON.stringify(document));
  const { stderr, code } = await runServe(['--config', file]);
  assert.equal(code, 1);
  const [error, ...more] = errorsOf(stderr);
  assert.deepEqual([error?.code, more], ['ERR_UPSTREAM_START', []]);
  assert.match(error?.msg ?? '', /^\/bin\/false ended with status 1/);
});

async function scrape(url: string) {
  const headers = { authorization: TOKEN.authorization };
  const incoming = await fetch(`${url}/metrics`, { headers });
  return { status: incoming.status, body: await incoming.text() };
}

async function childrenOf(pid: number): Promise<readonly number[]> {
  const list = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8');
  return list.trim().split(' ').filter(Boolean).map(Number);
}

async function goneOrUndefined(pid = 0): Promise<true | undefined> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined);
  return stat === undefined || / Z /.test(stat) ? true : undefined;
}
