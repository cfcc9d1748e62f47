import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startGateway } from '../../support/gateway.ts';
import {
  PUSHGATEWAYS,
  type Pushgateway,
  type PushgatewayVersion,
  pushgatewayMissing,
  startPushgateway,
} from '../../support/pushgateway.ts';
import { runCli } from '../../support/run-cli.ts';
import { createScratch } from '../../support/scratch.ts';
import { answerWith, startScriptedServer } from '../../support/scripted-server.ts';
import { tokenCredential } from '../../support/test-credential.ts';

const OWN = tokenCredential('own');
const OTHER = tokenCredential('other');

const TEAMS = {
  everybody: { mode: 'observe', jobs: ['leftover'], allow: ['push'] },
  payments: {
    mode: 'observe',
    jobs: ['settlement', 'big'],
    labels: { env: ['prod'] },
    require_labels: ['instance'],
    metrics: { deny: ['up'] },
    limits: { series: 40, groups: 4, label_value: 64 },
    credentials: [OWN.spec],
  },
  night: { jobs: ['nightly*'], metrics: { own: ['night_*'] }, credentials: [OTHER.spec] },
  reader: { jobs: ['*'], allow: ['read'], credentials: [tokenCredential('reader').spec] },
};

/** Target, body, and why a push like it would be refused. */
type Row = readonly [target: string, body: string, reasons?: readonly string[]];

/** Lines of one family. */
const lines = (name: string, count: number): string =>
  Array.from({ length: count }, (_, index) => `${name}{i="${index}"} 1\n`).join('');

const GROUPS: readonly Row[] = [
  ['/metrics/job/settlement/instance/a', 'rows 1\n# TYPE sent counter\nsent{env="prod"} 2\n'],
  [
    '/metrics/job/settlement/instance/all-types',
    '# TYPE h histogram\nh_bucket{le="1"} 1\nh_bucket{le="+Inf"} 2\nh_sum 1\nh_count 2\n' +
      '# TYPE s summary\ns{quantile="0.5"} 1e+06\ns_sum NaN\ns_count 2\n',
  ],
  ['/metrics/job/settlement/instance/b', 'rows{env="dev"} 1\n', ['label_not_allowed']],
  ['/metrics/job/settlement/env/dev', 'rows 1\n', ['label_not_allowed', 'label_required']],
  ['/metrics/job/settlement/instance/c', 'up 1\n', ['metric_not_allowed']],
  ['/metrics/job/settlement/instance/d', 'night_rows 1\n', ['metric_not_allowed']],
  ['/metrics/job/settlement/instance/e', lines('many', 41), ['too_many_series']],
  ['/metrics/job/settlement/instance/f', `rows{l="${'x'.repeat(65)}"} 1\n`, ['body_invalid']],
  ['/metrics/job/settlement/instance/g', '', ['body_invalid']],
  ['/metrics/job/settlement/instance@base64/=', 'only 1\n', ['target_invalid']],
  ['/metrics/job/nightly%20backup/quoted/a"b', 'n{path="C:\\\\x\\"y\\n"} 1\n'],
  ['/metrics/job/etl/instance/a', 'etl_rows 1\n', ['job_not_allowed']],
  ['/metrics/job/etl/instance/b', 'etl_rows 1\n', ['job_not_allowed']],
  ['/metrics/job/leftover', 'left 1\n'],
];

async function push({ url }: Pushgateway, target: string, body: string): Promise<void> {
  const { status } = await fetch(url + target, { method: 'PUT', body });
  assert.ok(status < 300, `${target}: ${status}`);
}

async function startStage(version: PushgatewayVersion, args: readonly string[] = []) {
  await using stack = new AsyncDisposableStack();
  const pushgateway = stack.use(await startPushgateway({ version, args }));
  const scratch = stack.use(await createScratch());
  const document = { upstream: { url: pushgateway.url }, anonymous: 'everybody', teams: TEAMS };
  const config = await scratch.write('pushwarden.yaml', JSON.stringify(document));
  const compare = (...more: readonly string[]) => runCli(['compare', '--config', config, ...more]);
  const owned = stack.move();
  return { pushgateway, document, compare, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

interface Answer {
  readonly groups: number;
  readonly teams: readonly { readonly team: string; readonly groups: number }[];
  readonly jobs_of_no_team: readonly { readonly job: string; readonly groups: number }[];
  readonly refused: readonly {
    readonly target: string;
    readonly refusals: readonly { readonly reason: string; readonly where?: string }[];
  }[];
  readonly warnings: readonly string[];
}

const reasonsOf = ({ refused }: Answer) =>
  refused
    .map(({ target, refusals }) => [target, refusals.map(({ reason }) => reason)] as const)
    .toSorted(([one], [other]) => (one < other ? -1 : 1));

for (const version of PUSHGATEWAYS) {
  const skip = pushgatewayMissing(version);

  test(`compare names every group of Pushgateway ${version} that would be refused, and no other`, {
    skip,
  }, async () => {
    await using stage = await startStage(version);
    for (const [target, body] of GROUPS) await push(stage.pushgateway, target, body);
    const { status, stdout, stderr } = await stage.compare(
      '--upstream',
      stage.pushgateway.url,
      '--output',
      'json',
    );
    assert.deepEqual([status, stderr], [3, '']);
    const answer: Answer = JSON.parse(stdout);
    const want = GROUPS.flatMap(([target, , reasons]) =>
      reasons === undefined ? [] : [[target, reasons] as const],
    ).toSorted(([one], [other]) => (one < other ? -1 : 1));
    assert.deepEqual(reasonsOf(answer), want);
    assert.equal(answer.groups, GROUPS.length);
    assert.deepEqual(answer.jobs_of_no_team, [{ job: 'etl', groups: 2 }]);
    assert.deepEqual(
      answer.teams.map(({ team, groups }) => [team, groups]),
      [
        ['payments', 10],
        ['night', 1],
        ['everybody', 1],
      ],
    );
    assert.deepEqual(answer.warnings, [
      'payments: has 10, limits.groups is 4: what exists can be pushed again, nothing can be added',
      'everybody: 1 group of nobody else, open while `anonymous` is',
    ]);
  });

  test(`compare agrees with what the gateway does before Pushgateway ${version}`, {
    skip,
  }, async () => {
    await using stage = await startStage(version);
    for (const [target, body] of GROUPS) await push(stage.pushgateway, target, body);
    const enforced = { ...TEAMS, payments: { ...TEAMS.payments, mode: 'enforce' } };
    await using gateway = await startGateway({ ...stage.document, teams: enforced });
    for (const [target, body, reasons = []] of GROUPS) {
      const [, job = ''] = /job\/([^/]+)/.exec(target) ?? [];
      const { authorization } = job.startsWith('nightly') ? OTHER : OWN;
      const headers = job === 'leftover' ? {} : { authorization };
      const answer = await fetch(gateway.url + target, { method: 'PUT', body, headers });
      const [, reason = 'ok'] = /\((\w+)\)/.exec(answer.statusText) ?? [];
      assert.equal(reason, reasons[0] ?? 'ok', target);
    }
  });

  test(`compare finds what breaks the scrape of an unchecked Pushgateway ${version}`, {
    skip,
  }, async () => {
    await using stage = await startStage(version, ['--push.disable-consistency-check']);
    const { pushgateway } = stage;
    await push(pushgateway, '/metrics/job/nightly', 'same{instance="q"} 1\n');
    await push(pushgateway, '/metrics/job/nightly/instance/q', 'same 1\n');
    await push(pushgateway, '/metrics/job/nightly_a', '# TYPE kind counter\nkind 1\n');
    await push(pushgateway, '/metrics/job/nightly_b', '# TYPE kind gauge\nkind 1\n');
    await push(pushgateway, '/metrics/job/nightly_c', 'sound 1\n');
    const run = await stage.compare('--upstream', pushgateway.url, '--output', 'json');
    assert.equal(run.status, 3);
    const answer: Answer = JSON.parse(run.stdout);
    const found = new Map(reasonsOf(answer));
    for (const target of ['/metrics/job/nightly_a', '/metrics/job/nightly_b']) {
      assert.deepEqual(found.get(target), ['inconsistent']);
    }
    const twins = ['/metrics/job/nightly', '/metrics/job/nightly/instance/q'];
    const [named, ...more] = answer.refused.filter(({ target }) => twins.includes(target));
    assert.equal(more.length, 0);
    const other = twins.find((twin) => twin !== named?.target) ?? '';
    assert.ok(named?.refusals[0]?.where?.endsWith(`is also in ${other}`));
    assert.equal(found.size, 3);
  });

  test(`compare by the admin side says what of Pushgateway ${version} it cannot see there`, {
    skip,
  }, async () => {
    await using stage = await startStage(version);
    for (const [target, body] of GROUPS) await push(stage.pushgateway, target, body);
    await using gateway = await startGateway(stage.document);
    const run = await stage.compare('--admin', gateway.adminUrl, '--output', 'json');
    assert.deepEqual([run.status, run.stderr], [3, '']);
    const answer: Answer & { readonly not_compared: readonly string[] } = JSON.parse(run.stdout);
    assert.equal(answer.not_compared.length, 2);
    const inBodies = new Set([
      '/metrics/job/settlement/instance/b',
      '/metrics/job/settlement/instance/f',
    ]);
    assert.deepEqual(
      reasonsOf(answer).map(([target]) => target),
      GROUPS.flatMap(([target, , reasons]) =>
        reasons === undefined || inBodies.has(target) ? [] : [target],
      ).toSorted(),
    );
  });

  test(`compare is content with Pushgateway ${version} when every group is somebody's`, {
    skip,
  }, async () => {
    await using stage = await startStage(version);
    for (const [target, body, reasons] of GROUPS) {
      if (reasons === undefined) await push(stage.pushgateway, target, body);
    }
    const { status, stdout, stderr } = await stage.compare('--upstream', stage.pushgateway.url);
    assert.deepEqual([status, stderr], [0, '']);
    assert.equal(
      stdout,
      `TEAM       GROUPS  SERIES  REFUSED
payments        2       9        0
night           1       1        0
everybody       1       1        0

warnings:
  everybody: 1 group of nobody else, open while \`anonymous\` is

SUCCESS: 4 groups, 3 teams
`,
    );
  });
}

test('compare says each thing once for all groups of a job', async () => {
  await using stage = await startStage('1.5');
  for (const name of ['a', 'b', 'c']) {
    await push(stage.pushgateway, `/metrics/job/etl/instance/${name}`, 'rows 1\n');
    await push(stage.pushgateway, `/metrics/job/settlement/instance/${name}`, 'up 1\n');
  }
  const { stdout } = await stage.compare('--upstream', stage.pushgateway.url);
  assert.match(stdout, /\njobs of no team:\n {2}etl: 3 groups\n/);
  assert.match(stdout, /\n {2}settlement \(payments\): metric_not_allowed: .*; 3 groups, such as /);
  assert.match(stdout, /\nFAILED: 6 of 6 groups would be refused\n$/);
});

test('compare sends the password of the configuration to its own upstream, and to no other', async () => {
  await using scratch = await createScratch();
  const listing = answerWith(
    200,
    { 'content-type': 'application/json' },
    JSON.stringify({ status: 'success', data: [] }),
  );
  await using own = await startScriptedServer([listing]);
  await using other = await startScriptedServer([answerWith(401, {}, '')]);
  const file = await scratch.write(
    'pushwarden.yaml',
    JSON.stringify({
      upstream: { url: own.url, basic_auth: { username: 'gw', password: { env: 'GATE' } } },
      teams: TEAMS,
    }),
  );
  const env = { GATE: 'horse' };
  const to = (url: string) => runCli(['compare', '--config', file, '--upstream', url], { env });
  assert.equal((await to(own.url)).status, 0);
  assert.match(own.seen[0]?.headers.authorization ?? '', /^Basic Z3c6aG9yc2U=$/);
  const stranger = await to(other.url);
  assert.equal(stranger.status, 1);
  assert.match(stranger.stderr, /asks for a password: .*upstream\.basic_auth/);
  assert.equal(other.seen[0]?.headers.authorization, undefined);
});

const wrong = [
  ['no store', [], 2, /one of --upstream <url> and --admin <url>/],
  ['two stores', ['--admin', 'http://x', '--upstream', 'http://x'], 2, /cannot be used with/],
  ['a password', ['--upstream', 'http://a:b@127.0.0.1:1'], 2, /upstream\.basic_auth/],
  ['nobody there', ['--upstream', 'http://127.0.0.1:1'], 1, /nobody listens there/],
  ['no admin side', ['--admin', 'http://127.0.0.1:1'], 1, /nobody listens there/],
] as const;
for (const [what, args, want, message] of wrong) {
  test(`compare ends with ${want} for ${what}`, async () => {
    await using scratch = await createScratch();
    const document = { upstream: { url: 'http://127.0.0.1:1' }, teams: TEAMS };
    const file = await scratch.write('pushwarden.yaml', JSON.stringify(document));
    const { status, stdout, stderr } = await runCli(['compare', '--config', file, ...args]);
    assert.deepEqual([status, stdout], [want, '']);
    assert.match(stderr, message);
  });
}

test('compare ends with 1 for something that is no Pushgateway, and for a broken file', async () => {
  await using scratch = await createScratch();
  await using server = await startScriptedServer([answerWith(200, {}, '<html>')]);
  const document = { upstream: { url: server.url }, teams: TEAMS };
  const file = await scratch.write('pushwarden.yaml', JSON.stringify(document));
  const other = await runCli(['compare', '--config', file, '--upstream', server.url]);
  assert.equal(other.status, 1);
  assert.match(other.stderr, /is this a Pushgateway\?/);
  const broken = await scratch.write('broken.yaml', 'teams: {}\n');
  const run = await runCli(['compare', '--config', broken, '--upstream', server.url]);
  assert.equal(run.status, 1);
  assert.match(run.stderr, /broken\.yaml:1:1: upstream/);
});
