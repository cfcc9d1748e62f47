import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { createAuthority } from '../../support/certificates.ts';
import { startGateway } from '../../support/gateway.ts';
import { startPushgateway } from '../../support/pushgateway.ts';
import { runCli } from '../../support/run-cli.ts';
import { createScratch } from '../../support/scratch.ts';
import {
  answerWith,
  type ScriptedAnswer,
  startScriptedServer,
} from '../../support/scripted-server.ts';
import { tokenCredential } from '../../support/test-credential.ts';

const TOKEN = tokenCredential('nightly');
const FROM_GATEWAY = { 'x-request-id': '01KB4D2J8Q5Z7Y3M9X6W1V0T2R' };
const STORED = answerWith(200, FROM_GATEWAY);
const refused = (status: number, reason: string, headers = {}): ScriptedAnswer =>
  answerWith(
    status,
    { ...FROM_GATEWAY, 'content-type': 'text/plain; charset=utf-8', ...headers },
    `${reason}: in the words of the gateway (01KB)\nand a hint\n`,
  );

const push = (url: string, args: readonly string[], input = '') =>
  runCli(['push', '--url', url, ...args], { input, env: { PUSHWARDEN_TOKEN: TOKEN.secret } });

test('a push is stored by a real Pushgateway, and what is not allowed is refused', async () => {
  await using pushgateway = await startPushgateway({ version: '1.5' });
  await using gateway = await startGateway({
    upstream: { url: pushgateway.url },
    teams: {
      payments: { jobs: ['settlement'], allow: ['push', 'read'], credentials: [TOKEN.spec] },
    },
  });
  const samples = ['rows_total{kind="a=b"}=3', 'rows_total{kind="c"}=4', 'seconds=1e3'];
  const args = ['--job', 'settlement', '--label', 'instance=a/b', '--type', 'gauge', ...samples];
  assert.deepEqual(await push(gateway.url, args), { status: 0, stdout: '', stderr: '' });
  const [group] = await pushgateway.groups();
  assert.deepEqual(group?.labels, { job: 'settlement', instance: 'a/b' });

  const other = await push(gateway.url, ['--job', 'billing', 'a=1']);
  assert.equal(other.status, 3);
  assert.match(other.stderr, /^job_not_allowed: the credential may not use job "billing"/);

  const env = { PUSHWARDEN_TOKEN: 'pwt_of_nobody' };
  for (const command of [['groups'], ['delete', '--job', '*', '--yes']]) {
    const { status, stderr } = await runCli([...command, '--url', gateway.url], { env });
    assert.equal(status, 3, stderr);
    assert.match(stderr, /^credential_invalid: /);
  }
});

test('what the gateway keeps while Pushgateway is away is not called stored or deleted', async () => {
  const kept = answerWith(202, { ...FROM_GATEWAY, 'x-push-spooled': 'true' });
  await using server = await startScriptedServer([kept]);
  const pushed = await push(server.url, ['--job', 'x', 'a=1']);
  assert.deepEqual([pushed.status, pushed.stdout], [0, '']);
  assert.match(pushed.stderr, /^pushwarden: kept: Pushgateway is away/);
  const args = ['delete', 'job/x', '--yes', '--url', server.url];
  const deleted = await runCli(args, { env: { PUSHWARDEN_TOKEN: TOKEN.secret } });
  assert.equal(deleted.status, 0);
  assert.match(deleted.stdout, /^will delete \/metrics\/job\/x: Pushgateway is away/);
});

test('what a push came to as JSON', async () => {
  await using server = await startScriptedServer([STORED, refused(403, 'job_not_allowed')]);
  const base = ['--output', 'json', '--job', 'x'];
  const outcomes: unknown[] = [];
  for (const sample of ['a=1', 'a=2', 'a=x']) {
    const { stdout, status } = await push(server.url, [...base, sample]);
    const { target, outcome, reason } = JSON.parse(stdout);
    outcomes.push([status, target, outcome, reason]);
  }
  assert.deepEqual(outcomes, [
    [0, '/metrics/job/x', 'stored', undefined],
    [3, '/metrics/job/x', 'refused', 'job_not_allowed'],
    [3, '/metrics/job/x', 'refused', 'body_invalid'],
  ]);
});

test('--replace is a PUT, the body a file or standard input', async () => {
  await using server = await startScriptedServer([STORED]);
  const args = ['--job', 'x', '--replace', '--file', '-'];
  const { status } = await push(server.url, args, '# TYPE a gauge\na 1\n');
  assert.equal(status, 0);
  const [seen] = server.seen;
  assert.deepEqual(
    [seen?.method, seen?.url, seen?.body, seen?.headers.authorization],
    ['PUT', '/metrics/job/x', '# TYPE a gauge\na 1\n', `Bearer ${TOKEN.secret}`],
  );
});

const notSent = [
  { args: ['--job', 'x', 'a=1,5'], status: 3, error: /^body_invalid: .*"1,5" is not a value/ },
  { args: ['--job', 'x', '--file', '-'], status: 3, error: /^body_invalid: .*nothing to push/ },
  { args: ['--job', 'x', '--label', 'a-b=1', 'a=1'], status: 3, error: /^target_invalid: / },
  { args: ['--job', 'x', 'a'], status: 2, error: /"a" is not NAME=VALUE/ },
  { args: ['--job', 'x'], status: 2, error: /give either samples or --file/ },
  { args: ['a=1'], status: 2, error: /required option '--job <job>'/ },
  { args: ['--job', 'x', '--url', 'http://u:p@x', 'a=1'], status: 2, error: /no user name/ },
];
for (const { args, status, error } of notSent) {
  test(`nothing is sent, and status is ${status}: push ${args.join(' ')}`, async () => {
    await using server = await startScriptedServer([STORED]);
    const result = await push(server.url, args);
    assert.equal(result.status, status);
    assert.match(result.stderr, error);
    assert.doesNotMatch(result.stderr, /u:p/);
    assert.equal(server.seen.length, 0);
  });
}

const HTML = { 'content-type': 'text/html' };
const answers = [
  { name: 'refused', answer: refused(403, 'job_not_allowed'), status: 3, sent: 1 },
  { name: 'a wrong token', answer: refused(401, 'credential_invalid'), status: 3, sent: 1 },
  { name: 'throttled', answer: refused(429, 'rate_limited', { 'retry-after': '0' }), status: 1 },
  { name: 'draining', answer: refused(503, 'draining', { 'retry-after': '0' }), status: 1 },
  { name: 'a timeout behind', answer: refused(504, 'upstream_timeout'), status: 1, sent: 1 },
  { name: 'a failure', answer: refused(500, 'internal_error'), status: 1, sent: 1 },
  { name: 'HTML of a proxy', answer: answerWith(403, HTML, '<html>no</html>'), status: 1, sent: 1 },
  { name: 'HTML with 200', answer: answerWith(200, HTML, '<html>hi</html>'), status: 1, sent: 1 },
  { name: 'an empty 200 of nobody', answer: answerWith(200), status: 1, sent: 1 },
  { name: '502 of a proxy', answer: answerWith(502, HTML, '<html>'), status: 1, sent: 1 },
  {
    name: 'a redirect',
    answer: answerWith(302, { location: 'https://login.example.com/' }),
    status: 1,
    sent: 1,
  },
];
for (const { name, answer, status, sent = 3 } of answers) {
  test(`${name} ends in ${status}, a POST sent ${sent} times`, async () => {
    await using server = await startScriptedServer([answer]);
    const result = await push(server.url, ['--job', 'x', '--retry', '2', 'a=1']);
    assert.equal(result.status, status, result.stderr);
    assert.equal(result.stdout, '');
    assert.notEqual(result.stderr, '');
    assert.equal(server.seen.length, sent);
  });
}

test('the reason is said as the gateway said it', async () => {
  await using server = await startScriptedServer([refused(403, 'job_not_allowed')]);
  const { stderr } = await push(server.url, ['--job', 'x', 'a=1']);
  assert.equal(stderr, 'job_not_allowed: in the words of the gateway (01KB)\n  and a hint\n');
});

test('a push is sent again when the gateway says so, and a PUT after a broken connection', async () => {
  const later = refused(503, 'draining', { 'retry-after': '0' });
  await using server = await startScriptedServer([later, later, STORED]);
  assert.equal((await push(server.url, ['--job', 'x', 'a=1'])).status, 0);
  assert.equal(server.seen.length, 3);

  const cut: ScriptedAnswer = (res) => void res.socket?.resetAndDestroy();
  await using breaking = await startScriptedServer([cut, STORED]);
  assert.equal((await push(breaking.url, ['--job', 'x', '--replace', 'a=1'])).status, 0);
  await using once = await startScriptedServer([cut, STORED]);
  const { status, stderr } = await push(once.url, ['--job', 'x', 'a=1']);
  assert.equal(status, 1);
  assert.match(stderr, /whether it was stored is not known/);
});

test('nobody there, no answer, and a wait that is too long end in 1', async () => {
  const server = await startScriptedServer([STORED]);
  const { url } = server;
  await server[Symbol.asyncDispose]();
  const gone = await push(url, ['--job', 'x', '--retry', '0', 'a=1']);
  assert.deepEqual([gone.status, gone.stdout], [1, '']);
  assert.match(gone.stderr, /nobody listens there/);

  await using silent = await startScriptedServer([() => undefined]);
  const slow = await push(silent.url, ['--job', 'x', '--timeout', '300ms', 'a=1']);
  assert.equal(slow.status, 1);
  assert.match(slow.stderr, /no answer within .* seconds; whether it was stored is not known/);

  await using busy = await startScriptedServer([
    refused(429, 'rate_limited', { 'retry-after': '3600' }),
  ]);
  const late = await push(busy.url, ['--job', 'x', 'a=1']);
  assert.equal(late.status, 1);
  assert.match(late.stderr, /rate_limited/);
});

test('a certificate that is not trusted ends in 1; with its authority the push is stored', async () => {
  await using scratch = await createScratch();
  const authority = createAuthority(scratch.path, 'ca');
  const { cert, key } = authority.issue('server', { san: 'DNS:localhost', usage: 'serverAuth' });
  const tls = { cert: readFileSync(cert), key: readFileSync(key) };
  await using server = await startScriptedServer([STORED], tls);
  const args = ['--job', 'x', 'a=1'];
  const wrong = await push(server.url, args);
  assert.equal(wrong.status, 1);
  assert.match(wrong.stderr, /certificate is not trusted here: .*NODE_EXTRA_CA_CERTS/);
  assert.equal(server.seen.length, 0);

  const env = { PUSHWARDEN_TOKEN: TOKEN.secret, NODE_EXTRA_CA_CERTS: authority.cert };
  assert.equal((await runCli(['push', '--url', server.url, ...args], { env })).status, 0);
  const plain = await push(server.url.replace('https', 'http'), args);
  assert.equal(plain.status, 1);
});

test('address and token are found in the environment, in a file and in a netrc file', async () => {
  await using scratch = await createScratch();
  await using server = await startScriptedServer([STORED]);
  const file = await scratch.write('token', `${TOKEN.secret}\n`);
  const netrc = await scratch.write('netrc', 'machine localhost login nightly password secret\n');
  const nothing = { PUSHWARDEN_URL: server.url, PUSHWARDEN_TOKEN: '', NETRC: '/nonexistent' };
  const run = (args: readonly string[], env: Record<string, string>) =>
    runCli(['push', '--job', 'x', 'a=1', ...args], { env: { ...nothing, ...env } });
  assert.equal((await run(['--token-file', file], {})).status, 0);
  assert.equal((await run([], { NETRC: netrc })).status, 0);
  assert.deepEqual(
    server.seen.map(({ headers }) => headers.authorization),
    [`Bearer ${TOKEN.secret}`, `Basic ${Buffer.from('nightly:secret').toString('base64')}`],
  );
  const without = await run([], {});
  assert.equal(without.status, 2);
  assert.match(without.stderr, /the token is missing: set PUSHWARDEN_TOKEN/);
  const nowhere = await run([], { PUSHWARDEN_URL: '' });
  assert.equal(nowhere.status, 2);
  assert.match(nowhere.stderr, /give --url or set PUSHWARDEN_URL/);
  const noUrl = await run([], { PUSHWARDEN_URL: 'push.example.com' });
  assert.deepEqual([noUrl.status, /PUSHWARDEN_URL must be a URL/.test(noUrl.stderr)], [2, true]);
});
