import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createMetricsRegistry } from '../../src/metrics/registry.ts';
import { watchUpstream } from '../../src/metrics/watch.ts';

const CASES = [
  [200, undefined],
  [204, 'upstream_invalid'],
  [301, 'upstream_invalid'],
  [400, 'upstream_rejected'],
  [500, 'upstream_invalid'],
] as const;

for (const [status, kind] of CASES) {
  test(`an answer of ${status} is counted as ${kind ?? 'no error'}, as it is answered`, async () => {
    const { metrics } = createMetricsRegistry();
    const answer = { kind: 'answered', status, attempts: 1, text: '' } as const;
    watchUpstream(metrics, 'a', true)('PUT', answer, 3);
    const { values } = await metrics.pushwarden_upstream_errors_total.get();
    const counted = values.map(({ labels, value }) => [labels['kind'], value]);
    assert.deepEqual(counted, kind === undefined ? [] : [[kind, 1]]);
  });
}

for (const [hasSpool, counted] of [
  [false, [1]],
  [true, []],
] as const) {
  test(`what never reached the upstream is ${hasSpool ? 'kept' : 'an error'} ${hasSpool ? 'with' : 'without'} a spool`, async () => {
    const { metrics } = createMetricsRegistry();
    const failed = {
      kind: 'failed',
      reason: 'upstream_unreachable',
      mayBeApplied: false,
      attempts: 1,
      detail: 'refused',
    } as const;
    watchUpstream(metrics, 'a', hasSpool)('PUT', failed, 3);
    const { values } = await metrics.pushwarden_upstream_errors_total.get();
    assert.deepEqual(
      values.map(({ value }) => value),
      counted,
    );
  });
}
