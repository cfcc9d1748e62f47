import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runCli } from '../../support/run-cli.ts';
import { answerWith, startScriptedServer } from '../../support/scripted-server.ts';

const FROM_GATEWAY = { 'x-request-id': '01KB4D2J8Q5Z7Y3M9X6W1V0T2R' };
const env = { PUSHWARDEN_TOKEN: 'token' };
const ago = (seconds: number) => new Date(Date.now() - seconds * 1000).toISOString();

const group = (job: string, given: object = {}) => ({
  job,
  grouping_key: {},
  target: `/metrics/job/${job}`,
  team: 'payments',
  pushed_at: ago(130),
  failed_at: null,
  expires_at: null,
  series: 3,
  bytes: 120,
  credential: 'nightly',
  families: [],
  ...given,
});
const GROUPS = [
  group('settlement', { grouping_key: { instance: 'a\u202eb' } }),
  group('payments_daily', { pushed_at: ago(90_000), failed_at: ago(90), expires_at: ago(-9000) }),
  group('payments_old', { pushed_at: ago(900_000), target: null, credential: null }),
];
const listing = answerWith(
  200,
  { ...FROM_GATEWAY, 'content-type': 'application/json' },
  JSON.stringify({ status: 'success', data: GROUPS }),
);

test('groups prints a table that a hostile value does not break', async () => {
  await using server = await startScriptedServer([listing]);
  const { status, stdout } = await runCli(['groups', '--url', server.url], { env });
  assert.equal(status, 0);
  assert.equal(
    stdout,
    `JOB             KEY                    AGE  SERIES  EXPIRES  FAILED  BY
payments_daily  -                      1d   3       in 2h    1m ago  nightly
payments_old    -                      10d  3       never    -       -
settlement      instance="a\\u{202e}b"  2m   3       never    -       nightly
`,
  );
});

const selections = [
  [
    ['--job', 'payments_*'],
    ['payments_daily', 'payments_old'],
  ],
  [['--failed'], ['payments_daily']],
  [['--older-than', '1d'], ['payments_old']],
  [['--job', 'none'], []],
] as const;
for (const [args, want] of selections) {
  test(`groups ${args.join(' ')} lists ${want.join(' and ') || 'nothing'}`, async () => {
    await using server = await startScriptedServer([listing]);
    const all = ['groups', '--url', server.url, '--output', 'json', ...args];
    const { status, stdout } = await runCli(all, { env });
    assert.equal(status, 0);
    const found: readonly { readonly job: string }[] = JSON.parse(stdout);
    assert.deepEqual(
      found.map(({ job }) => job),
      want,
    );
  });
}

test('delete --job sends a DELETE for each group, and says which no path can name', async () => {
  const done = answerWith(202, FROM_GATEWAY);
  await using server = await startScriptedServer([listing, done]);
  const args = ['delete', '--url', server.url, '--job', 'payments_*', '--yes'];
  const { status, stdout, stderr } = await runCli(args, { env });
  assert.equal(status, 1);
  assert.equal(stdout, 'deleted payments_daily\n');
  assert.match(stderr, /payments_old: no path names this group/);
  assert.deepEqual(
    server.seen.map(({ method, url }) => `${method} ${url}`),
    ['GET /api/v1/groups', 'DELETE /metrics/job/payments_daily'],
  );
});

test('what a deletion came to as JSON', async () => {
  await using server = await startScriptedServer([answerWith(202, FROM_GATEWAY)]);
  const base = ['delete', '--url', server.url, '--output', 'json', 'job/settlement'];
  const dry = await runCli([...base, '--dry-run'], { env });
  assert.deepEqual(JSON.parse(dry.stdout), [
    { target: '/metrics/job/settlement', outcome: 'would_delete' },
  ]);
  const done = await runCli([...base, '--yes'], { env });
  assert.deepEqual(JSON.parse(done.stdout), [
    { target: '/metrics/job/settlement', outcome: 'deleted' },
  ]);
});

test('delete of one target, dry or refused', async () => {
  const refusal = 'permission_missing: the credential may not delete (01KB)\n';
  const headers = { ...FROM_GATEWAY, 'content-type': 'text/plain' };
  await using server = await startScriptedServer([answerWith(403, headers, refusal)]);
  const base = ['delete', '--url', server.url, 'job/settlement/instance/a'];
  assert.deepEqual(await runCli([...base, '--dry-run'], { env }), {
    status: 0,
    stdout: 'would delete /metrics/job/settlement/instance/a\n',
    stderr: '',
  });
  assert.equal(server.seen.length, 0);
  assert.deepEqual(await runCli([...base, '--yes'], { env }), {
    status: 3,
    stdout: '',
    stderr: refusal,
  });
  const unasked = await runCli(base, { env });
  assert.equal(unasked.status, 2);
  assert.match(unasked.stderr, /add --yes/);
  assert.equal(server.seen.length, 1);
});

for (const args of [[], ['job/x', '--job', 'x'], ['job/x', '--older-than', '1d']]) {
  test(`wrong usage: delete ${args.join(' ')}`, async () => {
    const { status } = await runCli(['delete', '--url', 'http://localhost', ...args], { env });
    assert.equal(status, 2);
  });
}

test('what could hide or reorder characters is escaped in JSON', async () => {
  await using server = await startScriptedServer([listing]);
  const all = ['groups', '--url', server.url, '--output', 'json', '--job', 'settlement'];
  const { stdout } = await runCli(all, { env });
  assert.match(stdout, /"instance": "a\\u202eb"/);
  assert.deepEqual(JSON.parse(stdout)[0].grouping_key, { instance: 'a\u202eb' });
});

const NOT_A_LISTING = [
  { status: 'error', error: 'x', data: [] },
  { data: GROUPS },
  { status: 'success', data: [null] },
  { status: 'success', data: [{ ...GROUPS[0], pushed_at: 'once' }] },
  5,
];
for (const answer of NOT_A_LISTING) {
  test(`no listing, and status is 1: ${JSON.stringify(answer).slice(0, 60)}`, async () => {
    const headers = { ...FROM_GATEWAY, 'content-type': 'application/json' };
    await using server = await startScriptedServer([
      answerWith(200, headers, JSON.stringify(answer)),
    ]);
    const { status, stdout, stderr } = await runCli(['groups', '--url', server.url], { env });
    assert.deepEqual([status, stdout], [1, '']);
    assert.match(stderr, /localhost:\d+: this is no listing of groups/);
  });
}

test('a listing leads the token to no other host', async () => {
  await using other = await startScriptedServer([answerWith(202, FROM_GATEWAY)]);
  const { host } = new URL(other.url);
  const targets = [`@${host}/metrics/job/a`, `//${host}/metrics/job/a`, `.${host}/`, '/-/reload'];
  const data = targets.map((target) => group('a', { target }));
  const headers = { ...FROM_GATEWAY, 'content-type': 'application/json' };
  const answer = answerWith(200, headers, JSON.stringify({ status: 'success', data }));
  await using server = await startScriptedServer([answer]);
  const args = ['delete', '--url', server.url, '--job', '*', '--yes'];
  const { status, stdout } = await runCli(args, { env });
  assert.deepEqual([status, stdout], [1, '']);
  assert.equal(other.seen.length, 0);
  assert.equal(server.seen.length, 1);
});
