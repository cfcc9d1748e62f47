import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import { readTargetCorpus, type TargetRow } from '../support/corpus.ts';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import {
  PUSHGATEWAYS,
  type Pushgateway,
  pushgatewayMissing,
  startPushgateway,
} from '../support/pushgateway.ts';
import { exchange, finalAnswer } from '../support/raw-http.ts';
import { type RecordingUpstream, startRecordingUpstream } from '../support/recording-upstream.ts';
import { tokenCredential } from '../support/test-credential.ts';

/**
 * Every row of the target corpus, sent byte for byte through the gateway to real Pushgateways: what
 * is legitimate is stored as the grouping key it means, everything else leaves the store untouched,
 * and neither the scrape nor the next push of another team breaks.
 */

type LabelSet = Readonly<Record<string, string>>;

interface Caller {
  readonly team: string;
  readonly jobs: readonly string[];
}

/** Each row is sent once by a team that owns one job, once by a team that owns them all. */
const CALLERS: readonly Caller[] = [
  { team: 'narrow', jobs: ['team-a'] },
  { team: 'wide', jobs: ['*'] },
];

/** How rows are refused, when not as `target_invalid`. */
const REFUSALS: Readonly<Record<string, readonly [status: number, reason: string]>> = {
  'pct-leading-slash': [400, 'request_malformed'],
  'byte-raw-ff': [400, 'request_malformed'],
  'byte-tab-raw': [400, 'request_malformed'],
  'byte-del-raw': [400, 'request_malformed'],
  http09: [400, 'request_malformed'],
  'line-tab': [400, 'request_malformed'],
  'meth-lower': [400, 'request_malformed'],
  'meth-head': [405, 'method_not_allowed'],
  'meth-connect-dotdot': [405, 'method_not_allowed'],
  'route-nojob': [405, 'method_not_allowed'],
  'route-case-metrics': [404, 'endpoint_not_found'],
  'route-legacy': [404, 'endpoint_not_found'],
  'dot-escape-root': [404, 'endpoint_not_found'],
  'adm-wipe': [404, 'endpoint_not_found'],
  'adm-wipe-post': [404, 'endpoint_not_found'],
  'adm-wipe-encslash': [404, 'endpoint_not_found'],
  'adm-wipe-encletter': [404, 'endpoint_not_found'],
  'adm-wipe-encprefix': [404, 'endpoint_not_found'],
  'adm-wipe-case': [404, 'endpoint_not_found'],
  'adm-wipe-tslash': [404, 'endpoint_not_found'],
  'adm-wipe-dslash': [404, 'endpoint_not_found'],
  'adm-wipe-query': [404, 'endpoint_not_found'],
  'quit-off': [404, 'endpoint_not_found'],
  'quit-enc': [404, 'endpoint_not_found'],
  'read-metrics': [403, 'permission_missing'],
  'read-api': [403, 'permission_missing'],
  'read-status': [404, 'endpoint_not_found'],
  'prefix-dotdot': [404, 'endpoint_not_found'],
  'prefix-api': [404, 'endpoint_not_found'],
};

/**
 * Rows without a recommendation whose request line Node's parser still reads: what it reads is what
 * is decided about, and what is sent upstream.
 */
const READ_AS: Readonly<Record<string, string>> = { 'line-two-spaces': 'victim' };

interface Expectation {
  readonly status: number;
  /** First word of a refusal. */
  readonly reason?: string;
  /** What is stored afterwards. */
  readonly groups: readonly LabelSet[];
}

function expectationOf(row: TargetRow, caller: Caller): Expectation {
  const seeded = (row.seeded_groups ?? []).map(labelsOfPlainTarget);
  const { acl_job: job = READ_AS[row.id], labels } = row.recommended_gateway;
  if (job === undefined) {
    const [status, reason] = REFUSALS[row.id] ?? [400, 'target_invalid'];
    return { status, reason, groups: seeded };
  }
  if (caller.jobs[0] !== '*' && caller.jobs[0] !== job) {
    return { status: 403, reason: 'job_not_allowed', groups: seeded };
  }
  const group = { job, ...labels };
  const others = seeded.filter((other) => !isDeepStrictEqual(other, group));
  return row.method === 'DELETE'
    ? { status: 202, groups: others }
    : { status: 200, groups: [...others, group] };
}

function labelsOfPlainTarget(target: string): LabelSet {
  const components = target.split('/').slice(2);
  return Object.fromEntries(
    components.flatMap((name, index) => (index % 2 ? [] : [[name, components[index + 1] ?? '']])),
  );
}

/** A Pushgateway and the gateway in front of it. */
interface Stage {
  readonly pushgateway: Pushgateway;
  readonly gateway: TestGateway;
}

function startTeamsGateway(upstreamUrl: string): Promise<TestGateway> {
  return startGateway({
    upstream: { url: upstreamUrl },
    defaults: {
      allow: ['push', 'delete'],
      empty_pushes: 'allow',
      limits: { rate: '10000/s', burst: 10_000 },
    },
    teams: Object.fromEntries(
      CALLERS.map(({ team, jobs }) => [team, { jobs, credentials: [tokenCredential(team).spec] }]),
    ),
  });
}

/** The exact bytes of the row, with the credential as the last header. */
function withCredential(row: TargetRow, caller: Pick<Caller, 'team'>): Buffer {
  const raw = Buffer.from(row.raw_request_b64, 'base64').toString('latin1');
  const { authorization } = tokenCredential(caller.team);
  return Buffer.from(
    raw.replace('\r\n\r\n', `\r\nAuthorization: ${authorization}\r\n\r\n`),
    'latin1',
  );
}

async function push(url: string): Promise<number> {
  const { status } = await fetch(url, { method: 'PUT', body: 'acl_probe 1\n' });
  return status;
}

/** A push of another team, straight to the Pushgateway; it waits for everything queued before. */
const BYSTANDER = '/metrics/job/bystander';

async function checkRow(row: TargetRow, caller: Caller, { pushgateway, gateway }: Stage) {
  await pushgateway.wipe();
  for (const target of row.seeded_groups ?? []) await push(`${pushgateway.url}${target}`);
  const expected = expectationOf(row, caller);
  const { answers } = await exchange({
    port: gateway.port,
    send: withCredential(row, caller),
    head: row.method === 'HEAD',
  });
  const answer = finalAnswer(answers);
  const reason = expected.reason === undefined ? [] : [`(${expected.reason})`];
  assert.deepEqual(
    [answer?.status, ...(answer?.phrase.match(/\(\w+\)$/) ?? [])],
    [expected.status, ...reason],
  );
  assert.equal(await push(`${pushgateway.url}${BYSTANDER}`), 200);
  const stored = (await pushgateway.groups()).map(({ labels }) => labels);
  assert.deepEqual(sorted(stored), sorted([...expected.groups, { job: 'bystander' }]));
  assert.equal((await pushgateway.scrape()).status, 200);
}

function sorted(groups: readonly LabelSet[]): readonly string[] {
  return groups.map((labels) => JSON.stringify(Object.entries(labels).toSorted())).toSorted();
}

for (const version of PUSHGATEWAYS) {
  describe(`target corpus on Pushgateway ${version}`, { skip: pushgatewayMissing(version) }, () => {
    const stack = new AsyncDisposableStack();
    const stages = new Map<string, Stage>();
    before(async () => {
      for (const routePrefix of ['', '/pg']) {
        const pushgateway = stack.use(await startPushgateway({ version, routePrefix }));
        const gateway = stack.use(await startTeamsGateway(pushgateway.url));
        stages.set(routePrefix, { pushgateway, gateway });
      }
    });
    after(() => stack.disposeAsync());

    for (const row of readTargetCorpus()) {
      for (const caller of CALLERS) {
        test(`${row.id}, sent by a team with ${caller.jobs}: ${row.why}`, async () => {
          const prefixed = row.pushgateway_flags?.some((flag) => flag.endsWith('=/pg'));
          const stage = stages.get(prefixed ? '/pg' : '');
          assert.ok(stage);
          await checkRow(row, caller, stage);
        });
      }
    }
  });
}

describe('target corpus, as the upstream sees it', () => {
  const stack = new AsyncDisposableStack();
  let upstream: RecordingUpstream;
  let gateway: TestGateway;
  before(async () => {
    upstream = stack.use(await startRecordingUpstream());
    gateway = stack.use(await startTeamsGateway(upstream.url));
  });
  after(() => stack.disposeAsync());

  for (const row of readTargetCorpus()) {
    const { canonical_target: canonical } = row.recommended_gateway;
    if (canonical === undefined) continue;
    test(`${row.id} goes upstream as ${row.method} ${canonical}`, async () => {
      upstream.forget();
      await exchange({ port: gateway.port, send: withCredential(row, { team: 'wide' }) });
      const sent = upstream.requests.map(({ method, target }) => `${method} ${target}`);
      assert.deepEqual(sent, [`${row.method} ${canonical}`]);
    });
  }
});
