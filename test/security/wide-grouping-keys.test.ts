import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parsePushTarget } from '../../src/core/target/push-target.ts';
import { startStage, TOKEN } from '../faults/stage.ts';
import { denied } from '../support/decision.ts';

/**
 * The attack: the limits of labels were asked of the series in a body, and a push without series has
 * none. Hundreds of labels in the path, or one of four thousand bytes, became a group whose own time
 * stamps carry them, and a Prometheus with `label_limit` or `label_value_length_limit` then refuses
 * the scrape of everybody. Such a path also grows as it is rendered anew, so that the audit record
 * of what was allowed was cut.
 */
const manyLabels = (count: number) =>
  Array.from({ length: count }, (_, index) => `/l${index}/x`).join('');

const TARGETS = [
  ['too many labels', `/metrics/job/etl${manyLabels(32)}`],
  ['a label that is too long', `/metrics/job/etl/l/${'v'.repeat(1025)}`],
  ['a job that is too long', `/metrics/job/${'j'.repeat(1025)}`],
  ['a label that is too long in bytes', `/metrics/job/etl/l/${'%C3%A9'.repeat(513)}`],
] as const;

for (const [what, target] of TARGETS) {
  for (const body of ['', 'rows 1\n']) {
    test(`a push of ${body.length} bytes to a path with ${what} is refused`, async () => {
      await using stage = await startStage();
      const { url } = stage.gateway;
      const { authorization } = TOKEN;
      const push = { method: 'PUT', headers: { authorization }, body };
      const answer = await fetch(url + target, push);
      assert.equal(answer.status, 400);
      assert.match(await answer.text(), /^target_invalid: /);
      assert.deepEqual(stage.upstream.requests, []);
      const removal = await fetch(url + target, { method: 'DELETE', headers: { authorization } });
      assert.equal(removal.status, 202, 'such a group can go');
    });
  }
}

test('a path with as much as is allowed is taken', async () => {
  await using stage = await startStage();
  const target = `/metrics/job/etl/l/${'v'.repeat(1024)}${manyLabels(30)}`;
  const { authorization } = TOKEN;
  const push = { method: 'PUT', headers: { authorization }, body: 'rows 1\n' };
  assert.equal((await fetch(stage.gateway.url + target, push)).status, 200);
});

test('a target that is short and canonically long is refused, on a delete as well', () => {
  const target = `/metrics/job/etl${Array.from({ length: 450 }, (_, at) => `/l${at}/!`).join('')}`;
  assert.ok(target.length < 4096);
  for (const emptyValues of [false, true]) {
    const refusal = denied(parsePushTarget(target, { emptyValues }));
    assert.equal(refusal.reason, 'target_invalid');
  }
});

test('the longest target that is allowed stands whole in its audit record', async () => {
  await using stage = await startStage();
  const values = Array.from({ length: 3 }, (_, at) => `/l${at}/${'%E3%82%AB'.repeat(130)}`);
  const target = `/metrics/job/etl${values.join('')}`;
  const { authorization } = TOKEN;
  const push = { method: 'PUT', headers: { authorization }, body: 'rows 1\n' };
  assert.equal((await fetch(stage.gateway.url + target, push)).status, 200);
  const [sent] = stage.upstream.requests;
  const records = await stage.gateway.auditRecords();
  const decision = records.find((record) => record.event === 'decision');
  assert.equal(decision?.event === 'decision' && decision.target, sent?.target);
});
