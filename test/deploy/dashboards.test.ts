import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DASHBOARDS, renderDashboard } from '../../deploy/grafana/source/dashboards.ts';
import { createMetricsRegistry } from '../../src/metrics/registry.ts';
import { ROOT, readProjectFile } from '../docs/markdown.ts';
import { eventually } from '../support/eventually.ts';
import { startGatewayProcess } from '../support/gateway.ts';
import { pushRows } from '../support/one-team.ts';
import { type Prometheus, prometheusMissing, startPrometheus } from '../support/prometheus.ts';
import { pushgatewayMissing, startPushgateway } from '../support/pushgateway.ts';
import { tokenCredential } from '../support/test-credential.ts';
import { gatewayMetricsOf, NOT_YET } from './not-yet.ts';

interface Panel {
  readonly title?: string;
  readonly targets?: readonly { readonly expr?: string }[];
}

const panels = Object.entries(DASHBOARDS).flatMap(([name]) => {
  const file: { readonly panels: readonly Panel[] } = JSON.parse(
    readProjectFile(`deploy/grafana/${name}.json`),
  );
  return file.panels.map((panel) => ({ ...panel, name }));
});
const expressions = panels.flatMap(({ name, title, targets = [] }) =>
  targets.map(({ expr = '' }) => ({ at: `${name}: ${title}`, expr })),
);

for (const [name, dashboard] of Object.entries(DASHBOARDS)) {
  test(`deploy/grafana/${name}.json is what "npm run dashboards" writes`, () => {
    assert.equal(readProjectFile(`deploy/grafana/${name}.json`), renderDashboard(dashboard));
  });
}

test('every metric of a dashboard is exposed, or is listed as not there yet', async () => {
  const exposition = await createMetricsRegistry().render();
  const exposed = new Set([...exposition.matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name));
  const named = new Set(expressions.flatMap(({ expr }) => gatewayMetricsOf(expr)));
  assert.ok(named.size > 20);
  const missing = [...named].filter((name) => !exposed.has(name)).sort();
  assert.deepEqual(
    missing,
    NOT_YET.filter((name) => named.has(name)),
  );
});

/** What Grafana puts in the place of its variables, for scrapes every second. */
function fillVariables(expression: string): string {
  return expression
    .replaceAll('$__rate_interval', '20s')
    .replaceAll('$__range', '5m')
    .replace(/\$(?:team|job)\b/g, '.*');
}

async function fillStore(gatewayUrl: string, authorization: string): Promise<void> {
  const bodies = {
    batch_job: 'batch_job_duration_seconds 42\n',
    ci: 'ci_pipeline_duration_seconds{project="shop",branch="main"} 61\n',
    files: '# TYPE files_processed_total counter\nfiles_processed_total 7\n',
    shop_orders: '# TYPE orders_processed_total counter\norders_processed_total 3\n',
  };
  for (const [job, body] of Object.entries(bodies)) {
    const url = `${gatewayUrl}/metrics/job/${job}`;
    const { status } = await fetch(url, { method: 'PUT', headers: { authorization }, body });
    assert.equal(status, 200);
  }
  const denied = { method: 'PUT', headers: { authorization }, body: 'up 1\n' };
  assert.equal((await fetch(`${gatewayUrl}/metrics/job/batch_job`, denied)).status, 403);
}

/** Pushgateway notes a push that it refuses itself, which nothing through the gateway brings about. */
async function failPush(pushgatewayUrl: string): Promise<void> {
  const body = 'batch_job_duration_seconds 42 1700000000000\n';
  const { status } = await fetch(`${pushgatewayUrl}/metrics/job/files`, { method: 'PUT', body });
  assert.equal(status, 400);
}

const skip = pushgatewayMissing('1.5') || prometheusMissing('2');
test('no expression of a dashboard is empty in a Prometheus that scraped a real gateway', {
  skip,
}, async () => {
  await using pushgateway = await startPushgateway({ version: '1.5' });
  const team = tokenCredential('ci');
  const observed = tokenCredential('observed');
  const expires = '2099-01-01';
  await using gateway = await startGatewayProcess({
    upstream: { url: pushgateway.url },
    teams: {
      samples: {
        jobs: ['*'],
        allow: ['push', 'delete', 'read'],
        group_ttl: '24h',
        credentials: [{ ...team.spec, expires }],
      },
      observed: {
        mode: 'observe',
        jobs: ['seen_*'],
        require_labels: ['instance'],
        credentials: [observed.spec],
      },
    },
  });
  await using prometheus = await startPrometheus({
    version: '2',
    target: new URL(gateway.url).host,
    scrapeConfig: { authorization: { credentials: team.authorization.replace('Bearer ', '') } },
    moreScrapes: [
      { job_name: 'pushwarden', static_configs: [{ targets: [new URL(gateway.adminUrl).host] }] },
    ],
    ruleFiles: [`${ROOT}deploy/prometheus/rules.yml`],
  });
  // Counted from before the first push on, as they are after a start.
  await eventually('a scrape of the admin side', async () => {
    const samples = await prometheus.query(
      'pushwarden_refusals_total{reason="metric_not_allowed"}',
    );
    return samples.length > 0 || undefined;
  });
  await fillStore(gateway.url, team.authorization);
  await failPush(pushgateway.url);
  const shown = expressions.filter(
    ({ expr }) => !gatewayMetricsOf(expr).some((name) => NOT_YET.includes(name)),
  );
  assert.ok(shown.length > 30);
  const empty = await eventually('something in every panel', async () => {
    // Again and again: an increase needs more than one.
    await pushRows(gateway.url, 'seen_a', observed);
    return (await emptyOf(prometheus, shown)).length === 0 ? [] : undefined;
  }).catch(() => emptyOf(prometheus, shown));
  assert.deepEqual(empty, []);
});

async function emptyOf(
  prometheus: Prometheus,
  shown: typeof expressions,
): Promise<readonly string[]> {
  const found = await Promise.all(
    shown.map(async ({ at, expr }) => {
      const samples = await prometheus.query(fillVariables(expr));
      return samples.some(({ value }) => !Number.isNaN(value)) ? [] : [`${at}: ${expr}`];
    }),
  );
  return found.flat();
}
