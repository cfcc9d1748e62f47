import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { curl } from '../support/curl.ts';
import { eventually } from '../support/eventually.ts';
import { type GatewayDocument, startGatewayProcess } from '../support/gateway.ts';
import { oneTeam, pushRows, TOKEN } from '../support/one-team.ts';
import { childrenOf, isSessionGone } from '../support/processes.ts';
import { findProgram } from '../support/program.ts';
import { pushgatewayMissing } from '../support/pushgateway.ts';
import { exchange } from '../support/raw-http.ts';
import { startRecordingUpstream } from '../support/recording-upstream.ts';
import { createScratch } from '../support/scratch.ts';
import { tokenCredential } from '../support/test-credential.ts';

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url));
const OTHER = tokenCredential('other');

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
  await using gateway = await startGatewayProcess(oneTeam({ url: upstream.url }));
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
  assert.match(stdout, /bad\.yaml:2:\d+: teams\.a\.jbos: unknown key/);
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
    ...oneTeam({ url: 'http://127.0.0.1:9092' }),
    listen: `127.0.0.1:${port}`,
    admin: { listen: 'off' },
  };
  const file = await scratch.write('pushwarden.yaml', JSON.stringify(document));
  const { stderr, code } = await runServe(['--config', file]);
  holder.close();
  assert.equal(code, 1);
  const [error, ...more] = errorsOf(stderr);
  assert.deepEqual([error?.code, more], ['ERR_LISTEN', []]);
  assert.match(error?.msg ?? '', new RegExp(`^listen: cannot listen on 127\\.0\\.0\\.1:${port}`));
});

test('SIGHUP reloads: who is new gets in, who is gone does not', async () => {
  await using upstream = await startRecordingUpstream();
  await using gateway = await startGatewayProcess(oneTeam({ url: upstream.url }));
  const next = oneTeam({ url: upstream.url }, { credential: OTHER });
  await rewrite(gateway.configFile, next);
  assert.equal(await pushRows(gateway.url, 'a'), 200);
  process.kill(gateway.pid, 'SIGHUP');
  await eventually('the reload', async () =>
    (await pushRows(gateway.url, 'a', OTHER)) === 200 ? true : undefined,
  );
  assert.equal(await pushRows(gateway.url, 'a'), 401);
});

test('SIGHUP with a broken file keeps the configuration in use and says why', async () => {
  await using upstream = await startRecordingUpstream();
  await using gateway = await startGatewayProcess(oneTeam({ url: upstream.url }));
  await writeFile(gateway.configFile, 'teams: [');
  process.kill(gateway.pid, 'SIGHUP');
  const line = await eventually('the refusal', () =>
    gateway.log.find((entry) => entry.includes('reload refused')),
  );
  assert.match(String(JSON.parse(line).problems[0]), /pushwarden\.yaml:1:/);
  assert.equal(await pushRows(gateway.url, 'a'), 200);
});

/** Keeps what a running gateway cannot change. */
async function rewrite(file: string, document: GatewayDocument): Promise<void> {
  const before = JSON.parse(await readFile(file, 'utf8'));
  await writeFile(file, JSON.stringify({ ...before, ...document }));
}

test('row 56: the lenient parser cannot be switched on from outside', async () => {
  await using upstream = await startRecordingUpstream();
  await using gateway = await startGatewayProcess(oneTeam({ url: upstream.url }), {
    ...process.env,
    NODE_OPTIONS: '--insecure-http-parser',
  });
  const send = [
    'POST /metrics/job/a HTTP/1.1',
    'Host: gateway',
    `Authorization: ${TOKEN.authorization}`,
    'Transfer-Encoding: chunked',
    '',
    // Strictly, a line end follows the data of a chunk.
    '7',
    'rows 1\n0',
    '',
    '',
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
  await using gateway = await startGatewayProcess(oneTeam(spawned));
  assert.equal(await pushRows(gateway.url, 'a'), 202);
  const [child = 0] = await childrenOf(gateway.pid);
  assert.notEqual(child, 0);
  process.kill(child, 'SIGKILL');
  await eventually('another', async () =>
    (await pushRows(gateway.url, 'b')) === 202 && (await childrenOf(gateway.pid))[0] !== child
      ? true
      : undefined,
  );
  // 202: Pushgateway does it when it gets to it
  await eventually('the push', async () => {
    const { status, body } = await scrape(gateway.url);
    assert.equal(status, 200);
    return /rows\{instance="",job="b"\} 1/.test(body) || undefined;
  });
  const [second = 0] = await childrenOf(gateway.pid);
  assert.deepEqual(await gateway.stop('SIGTERM'), { code: 0, signal: null });
  await eventually('the child is gone', () => isSessionGone(second));
});

test('kill -9 of serve leaves no Pushgateway behind', { skip }, async () => {
  await using gateway = await startGatewayProcess(oneTeam(spawned));
  const [child = 0] = await childrenOf(gateway.pid);
  assert.notEqual(child, 0);
  await gateway.stop('SIGKILL');
  await eventually('the child is gone', () => isSessionGone(child));
});

test('serve with a program that is no Pushgateway says so and ends with 1', async () => {
  await using scratch = await createScratch();
  const document = oneTeam({ spawn: { command: '/bin/false' } });
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
