import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startDemoStore } from '../../src/demo/demo-store.ts';
import { PUSHGATEWAYS, pushgatewayMissing, startPushgateway } from '../support/pushgateway.ts';

interface Step {
  readonly method: string;
  readonly path: string;
  readonly body?: string;
  readonly contentType?: string;
}

const HISTOGRAM = [
  '# HELP h Back\\\\slash and\\nline end',
  '# TYPE h histogram',
  'h_bucket{le="1"} 2',
  'h_bucket{le="+Inf"} 3',
  'h_sum 4',
  'h_count 3',
  '',
].join('\n');
const SUMMARY =
  '# TYPE s summary\ns{quantile="0.5",zone="a"} 3\ns_sum{zone="a"} 4\ns_count{zone="a"} 3\n';
const PROTOBUF =
  'application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited';

/** What is done to both, one after the other; after each step both must show the same. */
const STEPS: readonly Step[] = [
  { method: 'POST', path: '/metrics/job/batch_job', body: 'batch_job_duration_seconds 42\n' },
  { method: 'POST', path: '/metrics/job/batch_job', body: 'rows 1\n' },
  { method: 'POST', path: '/metrics/job/batch_job', body: 'rows{kind="a"} 2\nrows{kind="b"} 3\n' },
  { method: 'PUT', path: '/metrics/job/batch_job', body: 'rows 4\n' },
  { method: 'PUT', path: '/metrics/job/batch_job/instance/host1', body: 'rows 5\n' },
  { method: 'PUT', path: '/metrics/job@base64/YS9i/team/x', body: HISTOGRAM },
  { method: 'POST', path: '/metrics/job@base64/YS9i/team/x', body: SUMMARY },
  {
    method: 'PUT',
    path: '/metrics/job/own',
    body: 'own{job="other",instance="i",quote="q\\"x"} 1\n',
  },
  { method: 'PUT', path: '/metrics/job/le', body: '# TYPE bound gauge\nbound{le="1"} 1\n' },
  { method: 'PUT', path: '/metrics/job/other', body: '# TYPE rows gauge\nrows 1\n' },
  { method: 'PUT', path: '/metrics/job/batch_job', body: '# TYPE rows gauge\nrows 1\n' },
  { method: 'PUT', path: '/metrics/job/touched' },
  { method: 'POST', path: '/metrics/job/touched' },
  { method: 'DELETE', path: '/metrics/job/batch_job/instance/host1' },
  { method: 'DELETE', path: '/metrics/job/never' },
  { method: 'PUT', path: '/metrics/job/odd/label', body: 'rows 1\n' },
  { method: 'PUT', path: '/metrics/job/cut', body: 'rows 1' },
  { method: 'GET', path: '/metrics/job/batch_job' },
  { method: 'GET', path: '/-/ready' },
  { method: 'GET', path: '/-/healthy' },
];

async function take({ url }: { readonly url: string }, step: Step) {
  const { method, path, body, contentType } = step;
  const answer = await fetch(url + path, {
    method,
    ...(body !== undefined && { body }),
    headers: { 'content-type': contentType ?? 'text/plain' },
  });
  await answer.arrayBuffer();
  return { status: answer.status, allow: answer.headers.get('allow')?.replace(' OPTIONS,', '') };
}

/** What was pushed; the instants and what a server tells of itself differ. */
async function show({ url }: { readonly url: string }) {
  const scrape = await (await fetch(`${url}/metrics`)).text();
  const lines = scrape
    .split('\n')
    .filter((line) => !/^(?:# (?:HELP|TYPE) )?(?:go|process|pushgateway)_/.test(line))
    .map((line) => line.replace(/^(push_\w+\{.*\}) .*[1-9].*/, '$1 SOME TIME'))
    .map((line) =>
      line.replace(/\{(.*)\}/, (_, labels: string) => labels.split(',').sort().join()),
    );
  const { data } = (await (await fetch(`${url}/api/v1/metrics`)).json()) as MetricsAnswer;
  const groups = data.map((group) => JSON.parse(JSON.stringify(group), withoutTimes));
  return { lines: lines.sort(), groups: groups.map((group) => sortedKeys(group)).sort() };
}

interface MetricsAnswer {
  readonly data: readonly object[];
}

function withoutTimes(key: string, value: unknown): unknown {
  if (key === 'time_stamp') return undefined;
  return key === 'value' && Number(value) > 1e9 ? 'SOME TIME' : value;
}

function sortedKeys(value: object): string {
  return JSON.stringify(value, (_, inner: unknown) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
}

for (const version of PUSHGATEWAYS) {
  const skip = pushgatewayMissing(version);
  test(`the demo store does what Pushgateway ${version} does`, { skip }, async () => {
    await using pushgateway = await startPushgateway({ version });
    await using store = await startDemoStore(Date.now);
    for (const step of STEPS) {
      const what = `${step.method} ${step.path}`;
      assert.deepEqual(await take(store, step), await take(pushgateway, step), what);
      assert.deepEqual(await show(store), await show(pushgateway), what);
    }
  });
}

test('the demo store says that it takes no protobuf', async () => {
  await using store = await startDemoStore(Date.now);
  const path = '/metrics/job/a';
  assert.equal((await take(store, { method: 'PUT', path, contentType: PROTOBUF })).status, 400);
});

for (const [method, path] of [
  ['PUT', '/api/v1/admin/wipe'],
  ['PUT', '/-/quit'],
  ['GET', '/'],
] as const) {
  test(`the demo store has no ${method} ${path}`, async () => {
    await using store = await startDemoStore(Date.now);
    assert.equal((await take(store, { method, path })).status, 404);
  });
}

test('the demo store names its version where Pushgateway does', async () => {
  await using store = await startDemoStore(() => 0);
  const { data } = (await (await fetch(`${store.url}/api/v1/status`)).json()) as StatusAnswer;
  assert.equal(data.build_information.version, 'demo-store');
  assert.equal(data.start_time, '1970-01-01T00:00:00.000Z');
});

interface StatusAnswer {
  readonly data: {
    readonly build_information: { readonly version: string };
    readonly start_time: string;
  };
}
