import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { finish } from '../../src/core/steps.ts';
import { createMetricsRegistry } from '../../src/metrics/registry.ts';
import { beginSeries } from '../../src/metrics/starting-series.ts';
import { watchReadiness } from '../../src/metrics/watch.ts';
import { startGatewayProcess } from '../support/gateway.ts';
import { oneTeam } from '../support/one-team.ts';
import { missingPrograms } from '../support/program.ts';

const UPSTREAMS = [{ name: 'default' }];

test('a counter that alerts look at is there with 0 before anything happened', async () => {
  const { metrics, render } = createMetricsRegistry();
  finish(beginSeries(metrics, [{ name: 'payments', mode: 'enforce', groupTtl: [] }], UPSTREAMS));
  const exposition = await render();
  for (const series of [
    'pushwarden_refusals_total{team="payments",reason="job_not_allowed"} 0',
    'pushwarden_refusals_total{team="payments",reason="group_quota_exceeded"} 0',
    'pushwarden_refusals_total{team="",reason="credential_invalid"} 0',
    'pushwarden_upstream_errors_total{upstream="default",kind="upstream_timeout"} 0',
    'pushwarden_audit_failures_total 0',
  ]) {
    assert.ok(exposition.split('\n').includes(series), series);
  }
});

test('only a team that is observed begins with 0 for what it would be refused', async () => {
  const { metrics, render } = createMetricsRegistry();
  finish(
    beginSeries(
      metrics,
      [
        { name: 'payments', mode: 'enforce', groupTtl: [] },
        { name: 'etl', mode: 'observe', groupTtl: [] },
      ],
      UPSTREAMS,
    ),
  );
  const teams = [
    ...(await render()).matchAll(/^pushwarden_would_refuse_total\{team="(\w+)".* 0$/gm),
  ];
  assert.deepEqual([...new Set(teams.map(([, team]) => team))], ['etl']);
});

test('series that begin again, at a reload, keep their counts', async () => {
  const { metrics, render } = createMetricsRegistry();
  finish(beginSeries(metrics, [{ name: 'payments', mode: 'enforce', groupTtl: [] }], UPSTREAMS));
  metrics.pushwarden_refusals_total.labels('payments', 'inconsistent').inc();
  finish(
    beginSeries(
      metrics,
      [
        { name: 'payments', mode: 'enforce', groupTtl: [] },
        { name: 'search', mode: 'enforce', groupTtl: [] },
      ],
      UPSTREAMS,
    ),
  );
  const exposition = await render();
  assert.match(exposition, /team="payments",reason="inconsistent"\} 1$/m);
  assert.match(exposition, /team="search",reason="inconsistent"\} 0$/m);
});

test('readiness is that of the moment of the scrape', async () => {
  let isReady = false;
  const registry = createMetricsRegistry();
  watchReadiness(registry, () => isReady);
  assert.match(await registry.render(), /^pushwarden_ready 0$/m);
  isReady = true;
  assert.match(await registry.render(), /^pushwarden_ready 1$/m);
});

const skip = missingPrograms(['promtool-2']);
test('promtool has nothing to say about the admin side of a real gateway', { skip }, async () => {
  await using gateway = await startGatewayProcess(oneTeam({ url: 'http://127.0.0.1:9' }));
  const exposition = await (await fetch(`${gateway.adminUrl}/metrics`)).text();
  assert.match(exposition, /^process_resident_memory_bytes \d/m);
  assert.match(
    exposition,
    /^pushwarden_refusals_total\{team="payments",reason="job_not_allowed"\} 0$/m,
  );
  const { status, stdout, stderr } = spawnSync('promtool', ['check', 'metrics'], {
    input: exposition,
    encoding: 'utf8',
  });
  assert.equal(stdout + stderr, '');
  assert.equal(status, 0);
});
