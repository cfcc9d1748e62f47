import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventually } from '../support/eventually.ts';
import { startGateway } from '../support/gateway.ts';
import { startRecordingUpstream } from '../support/recording-upstream.ts';
import { tokenCredential } from '../support/test-credential.ts';
import { hang } from '../support/upstream-behaviour.ts';

const TOKEN = tokenCredential('etl');
const OTHER = tokenCredential('other');

/** Gateways that differ in one word, and in limits of the team that pushes. */
async function startStage(mode: 'enforce' | 'observe', more: object = {}, settings: object = {}) {
  await using stack = new AsyncDisposableStack();
  const upstream = stack.use(await startRecordingUpstream());
  const gateway = stack.use(
    await startGateway({
      upstream: { url: upstream.url },
      anonymous: 'crowd',
      ...settings,
      networks: { elsewhere: ['192.0.2.0/24'] },
      teams: {
        etl: {
          mode,
          jobs: ['etl', 'etl_*'],
          allow: ['push', 'read'],
          labels: { env: ['prod'] },
          require_labels: ['instance'],
          metrics: { allow: ['etl_*'] },
          limits: { ...LIMITS, ...more },
          credentials: [TOKEN.spec],
        },
        billing: {
          jobs: ['billing'],
          allow: ['push', 'delete'],
          metrics: { own: ['etl_billing_*'] },
          credentials: [OTHER.spec],
        },
        twin: {
          jobs: ['etl'],
          allow: ['push'],
          labels: { env: ['twin'] },
          credentials: [tokenCredential('twin').spec],
        },
        viewer: { jobs: ['seen'], allow: ['read'], credentials: [tokenCredential('viewer').spec] },
        watched: { mode: 'observe', jobs: ['loose'], allow: ['push'] },
        crowd: { mode, jobs: ['hello'], allow: ['push'], allow_networks: ['elsewhere'] },
        silent: { mode, jobs: ['quiet'], allow: ['read'], credentials: [SILENT.spec] },
      },
    }),
  );
  const owned = stack.move();
  return { upstream, gateway, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

const SILENT = tokenCredential('silent');
/** Nobody waits for anything in vain. */
const PATIENT = { rate: '1000/s', burst: 1000, wait: '30s' };
const LIMITS = { body: '1KiB', series: 2, rate: '1/h', burst: 1, wait: '1ms', groups: 1 };
const HOME = '/metrics/job/etl/instance/a';
const SOUND = 'etl_rows 1\n';

type Row = readonly [
  what: string,
  method: string,
  target: string,
  body: string,
  reasons: readonly string[],
  authorization?: string | undefined,
];

/** What the rules of the team itself would refuse, all reasons of it. */
const LET_THROUGH: readonly Row[] = [
  ['a job of nobody', 'POST', '/metrics/job/new/instance/a', SOUND, ['job_not_allowed']],
  [
    'a job of a team that is observed itself',
    'PUT',
    '/metrics/job/loose/instance/a',
    SOUND,
    ['job_not_allowed'],
  ],
  [
    'a job of a team that only reads',
    'PUT',
    '/metrics/job/seen/instance/a',
    SOUND,
    ['job_not_allowed'],
  ],
  ['a label in the path', 'PUT', `${HOME}/env/dev`, SOUND, ['label_not_allowed']],
  ['a label in the body', 'PUT', HOME, 'etl_rows{env="dev"} 1\n', ['label_not_allowed']],
  ['a label that is missing', 'PUT', '/metrics/job/etl', SOUND, ['label_required']],
  ['a metric that is not allowed', 'PUT', HOME, 'other_rows 1\n', ['metric_not_allowed']],
  ['a metric that is denied', 'PUT', HOME, 'up 1\n', ['metric_not_allowed']],
  [
    'several at once',
    'PUT',
    '/metrics/job/new/env/dev',
    'up 1\n',
    ['job_not_allowed', 'label_not_allowed', 'label_required', 'metric_not_allowed'],
  ],
  [
    'a push without push',
    'PUT',
    '/metrics/job/quiet',
    SOUND,
    ['permission_missing'],
    SILENT.authorization,
  ],
  [
    'a network of another team, without a credential',
    'PUT',
    '/metrics/job/hello',
    SOUND,
    ['network_not_allowed'],
    '',
  ],
];

/** What protects others or the store. */
const NEVER: readonly Row[] = [
  ['a job of another team', 'PUT', '/metrics/job/billing/instance/a', SOUND, ['job_not_allowed']],
  ['a metric of another team', 'PUT', HOME, 'etl_billing_sum 1\n', ['metric_not_allowed']],
  ['what Pushgateway makes', 'PUT', HOME, 'push_time_seconds 1\n', ['metric_not_allowed']],
  [
    'a metric of another team behind one that is only not allowed',
    'PUT',
    HOME,
    'a 1\netl_billing_sum 1\n',
    ['metric_not_allowed'],
  ],
  [
    'a label by which the key is of another team that shares the job',
    'PUT',
    `${HOME}/env/twin`,
    SOUND,
    ['label_not_allowed'],
  ],
  ['a read without read', 'GET', '/metrics', '', ['permission_missing'], ''],
  ['a body that is too large', 'PUT', HOME, `# ${'x'.repeat(1100)}\n`, ['body_too_large']],
  ['a delete without delete', 'DELETE', HOME, '', ['permission_missing']],
  ['a target that is no target', 'PUT', '/metrics/job/etl/instance', SOUND, ['target_invalid']],
  ['a body that is none', 'PUT', HOME, 'etl_rows one\n', ['body_invalid']],
  ['a push of nothing', 'PUT', HOME, '', ['body_invalid']],
  ['too many series', 'PUT', HOME, 'etl_a 1\netl_b 1\netl_c 1\n', ['too_many_series']],
  ['a wrong credential', 'PUT', HOME, SOUND, ['credential_invalid'], 'Bearer pwt_wrong'],
];

async function send({ url }: { readonly url: string }, row: Row): Promise<Response> {
  const [, method, target, body, , authorization = TOKEN.authorization] = row;
  return fetch(url + target, {
    method,
    ...((method === 'PUT' || method === 'POST') && { body }),
    headers: authorization === '' ? {} : { authorization },
  });
}

for (const row of LET_THROUGH) {
  const [what, , , , reasons] = row;
  test(`a team that is observed is let through with ${what}, and told`, async () => {
    await using stage = await startStage('observe');
    const answer = await send(stage.gateway, row);
    assert.equal(answer.status, 200, await answer.text());
    assert.equal(answer.headers.get('x-push-would-refuse'), reasons.join(', '));
    assert.equal(stage.upstream.requests.length, 1);
    const records = await stage.gateway.auditRecords();
    const decision = records.find((record) => record.event === 'decision');
    assert.ok(decision?.event === 'decision');
    const { mode, would_deny, detail = '', decision: effect, reason } = decision;
    assert.deepEqual([mode, would_deny, effect, reason], ['observe', reasons[0], 'allow', 'ok']);
    assert.ok(detail !== '' && detail.length < 200);
    const metrics = await (await fetch(`${stage.gateway.adminUrl}/metrics`)).text();
    for (const one of reasons) {
      assert.match(metrics, new RegExp(`would_refuse_total\\{team="\\w+",reason="${one}"\\} 1`));
    }
  });

  test(`a team that enforces its rules is refused for ${what}`, async () => {
    await using stage = await startStage('enforce');
    const answer = await send(stage.gateway, row);
    assert.match(answer.statusText, new RegExp(`\\(${reasons[0]}\\)$`));
    assert.equal(answer.headers.get('x-push-would-refuse'), null);
    assert.equal(stage.upstream.requests.length, 0);
  });
}

for (const row of NEVER) {
  const [what, , , , reasons] = row;
  for (const mode of ['observe', 'enforce'] as const) {
    test(`${what} is refused to a team that is told to ${mode}`, async () => {
      await using stage = await startStage(mode);
      const answer = await send(stage.gateway, row);
      assert.match(answer.statusText, new RegExp(`\\(${reasons[0]}\\)$`));
      assert.equal(stage.upstream.requests.length, 0);
    });
  }
}

for (const mode of ['observe', 'enforce'] as const) {
  test(`a team over its rate is ${mode === 'observe' ? 'told' : 'refused'}`, async () => {
    await using stage = await startStage(mode);
    const row: Row = ['', 'PUT', HOME, SOUND, []];
    for (let sent = 0; sent < 2; sent += 1)
      assert.equal((await send(stage.gateway, row)).status, 200);
    const answer = await send(stage.gateway, row);
    const header = answer.headers.get('x-push-would-refuse');
    assert.deepEqual(
      [answer.status, header],
      mode === 'observe' ? [200, 'rate_limited'] : [429, null],
    );
  });
}

/** What a second push would add, and the limit that it is over. */
const QUOTAS = [
  ['group_quota_exceeded', {}, '/metrics/job/etl/instance/b', SOUND],
  ['series_quota_exceeded', { total_series: 1 }, HOME, 'etl_rows 1\netl_more 1\n'],
  ['bytes_quota_exceeded', { total_bytes: '60B' }, HOME, `${SOUND}etl_${'x'.repeat(60)} 1\n`],
] as const;
for (const [reason, limits, target, body] of QUOTAS) {
  for (const mode of ['observe', 'enforce'] as const) {
    test(`a team is ${mode === 'observe' ? 'told' : 'refused for'} ${reason}`, async () => {
      await using stage = await startStage(mode, { ...PATIENT, ...limits });
      const first = await send(stage.gateway, ['', 'PUT', HOME, SOUND, []]);
      assert.deepEqual([first.status, first.headers.get('x-push-would-refuse')], [200, null]);
      const answer = await send(stage.gateway, ['', 'PUT', target, body, []]);
      const header = answer.headers.get('x-push-would-refuse');
      assert.deepEqual([answer.status, header], mode === 'observe' ? [200, reason] : [403, null]);
    });
  }
}

for (const mode of ['observe', 'enforce'] as const) {
  test(`a team that is told to ${mode} is refused what contradicts the store`, async () => {
    await using stage = await startStage(mode, { ...PATIENT, groups: 9 });
    const typed = '# TYPE etl_rows counter\netl_rows 1\n';
    await send(stage.gateway, ['', 'PUT', HOME, typed, []]);
    const gauge = '# TYPE etl_rows gauge\netl_rows 1\n';
    const target = '/metrics/job/etl/instance/b';
    const answer = await send(stage.gateway, ['', 'PUT', target, gauge, []]);
    assert.match(answer.statusText, /\(inconsistent\)$/);
    assert.equal(stage.upstream.requests.length, 1);
  });

  test(`a team that is told to ${mode} has no more pushes at once than it may`, async () => {
    await using stage = await startStage(mode, { rate: '1000/s', burst: 1000, concurrent: 1 });
    stage.upstream.behave(hang);
    const stop = new AbortController();
    const headers = { authorization: TOKEN.authorization };
    const options = { method: 'PUT', headers, body: SOUND, signal: stop.signal };
    const first = fetch(stage.gateway.url + HOME, options).catch(() => undefined);
    await stage.upstream.received(1);
    const answer = await send(stage.gateway, ['', 'PUT', HOME, SOUND, []]);
    assert.match(answer.statusText, /\(too_many_concurrent\)$/);
    stop.abort();
    await first;
  });

  test(`nobody without a credential is let in by a team that is told to ${mode}`, async () => {
    await using stage = await startStage(mode, {}, { anonymous: 'none' });
    const answer = await send(stage.gateway, ['', 'PUT', '/metrics/job/hello', SOUND, [], '']);
    assert.match(answer.statusText, /\(credential_missing\)$/);
    assert.equal(stage.upstream.requests.length, 0);
  });

  test(`networks of the whole gateway hold for a team that is told to ${mode}`, async () => {
    await using stage = await startStage(mode, {}, { deny_networks: ['127.0.0.0/8'] });
    const answer = await send(stage.gateway, ['', 'PUT', HOME, SOUND, []]);
    assert.match(answer.statusText, /\(network_not_allowed\)$/);
    assert.equal(stage.upstream.requests.length, 0);
  });
}

test('what nothing would refuse has neither header nor mark', async () => {
  await using stage = await startStage('observe');
  const answer = await send(stage.gateway, ['', 'PUT', HOME, SOUND, []]);
  assert.equal(answer.status, 200);
  assert.equal(answer.headers.get('x-push-would-refuse'), null);
  const records = await stage.gateway.auditRecords();
  const decision = records.find((record) => record.event === 'decision');
  assert.ok(decision?.event === 'decision' && decision.mode === undefined);
});

test('a request without a credential is recorded as one', async () => {
  await using stage = await startStage('observe');
  await send(stage.gateway, ['', 'PUT', '/metrics/job/hello', SOUND, [], '']);
  const decision = await eventually('the record', async () =>
    (await stage.gateway.auditRecords()).find((record) => record.event === 'decision'),
  );
  assert.ok(decision.event === 'decision');
  assert.deepEqual([decision.team, decision.scheme], ['crowd', 'none']);
});

test('a request without a credential is nobody who may see the page', async () => {
  await using stage = await startStage('observe');
  const answer = await fetch(`${stage.gateway.url}/ui/`, { redirect: 'manual' });
  assert.equal(answer.status, 401);
});
