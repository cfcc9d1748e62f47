import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createMetricsRegistry } from '../../src/metrics/registry.ts';

/** The lines of one metric, without those that say what it is. */
async function linesOf(
  { render }: Pick<ReturnType<typeof createMetricsRegistry>, 'render'>,
  name: string,
): Promise<string[]> {
  const lines = (await render()).split('\n');
  return lines.filter((line) => line.startsWith(name));
}

test('a metric without labels is there from the start, one with labels once it has counted', async () => {
  const registry = createMetricsRegistry();
  const { metrics } = registry;
  const [failures, refusals] = ['pushwarden_audit_failures_total', 'pushwarden_refusals_total'];
  assert.deepEqual(await linesOf(registry, failures), [`${failures} 0`]);
  assert.deepEqual(await linesOf(registry, refusals), []);
  metrics.pushwarden_audit_failures_total.inc();
  metrics.pushwarden_refusals_total.labels('a', 'draining').inc(0);
  metrics.pushwarden_refusals_total.labels('b', 'draining').inc();
  metrics.pushwarden_refusals_total.labels('b', 'draining').inc(2);
  assert.deepEqual(await linesOf(registry, failures), [`${failures} 1`]);
  assert.deepEqual(await linesOf(registry, refusals), [
    `${refusals}{team="a",reason="draining"} 0`,
    `${refusals}{team="b",reason="draining"} 3`,
  ]);
});

test('a series that was removed is gone, and begins anew', async () => {
  const registry = createMetricsRegistry();
  const { pushwarden_refusals_total: refusals } = registry.metrics;
  refusals.labels('a', 'draining').inc(7);
  refusals.labels('a', 'overloaded').inc();
  refusals.remove('a', 'draining');
  refusals.remove('b', 'draining');
  assert.ok(!refusals.has('a', 'draining') && refusals.has('a', 'overloaded'));
  assert.deepEqual(await linesOf(registry, 'pushwarden_refusals_total'), [
    'pushwarden_refusals_total{team="a",reason="overloaded"} 1',
  ]);
  refusals.labels('a', 'draining').inc();
  assert.equal(refusals.labels('a', 'draining').value, 1);
  refusals.reset();
  assert.deepEqual(await linesOf(registry, 'pushwarden_refusals_total'), []);
});

test('a histogram has each value in the first bucket that it is not above, and in those behind', async () => {
  const registry = createMetricsRegistry();
  const name = 'pushwarden_push_body_bytes';
  for (const bytes of [0, 256, 257, 4_194_304, 4_194_305]) {
    registry.metrics.pushwarden_push_body_bytes.observe(bytes);
  }
  assert.deepEqual(await linesOf(registry, name), [
    `${name}_bucket{le="256"} 2`,
    ...[1024, 4096, 16_384, 65_536, 262_144, 1_048_576].map((le) => `${name}_bucket{le="${le}"} 3`),
    `${name}_bucket{le="4194304"} 4`,
    `${name}_bucket{le="+Inf"} 5`,
    `${name}_sum 8389122`,
    `${name}_count 5`,
  ]);
});

test('the values of labels and numbers are written as Prometheus reads them', async () => {
  const registry = createMetricsRegistry();
  const { pushwarden_quota: quota } = registry.metrics;
  quota.labels('a"b\\c\nd', 'groups').set(Number.POSITIVE_INFINITY);
  quota.labels('a', 'groups').set(1.7e9 + 0.25);
  assert.deepEqual(await linesOf(registry, 'pushwarden_quota'), [
    String.raw`pushwarden_quota{team="a\"b\\c\nd",quota="groups"} +Inf`,
    'pushwarden_quota{team="a",quota="groups"} 1700000000.25',
  ]);
});
