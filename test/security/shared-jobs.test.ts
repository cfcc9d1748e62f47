import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createObservation } from '../../src/core/policy/observation.ts';
import { authorize, compilePolicy } from '../../src/core/policy/policy.ts';
import { resolveReadScope } from '../../src/core/policy/read-scope.ts';
import { createListingFilter } from '../../src/core/scrape/listing-filter.ts';
import type { Keep } from '../../src/core/scrape/scrape-filter.ts';
import { allowed, denied } from '../support/decision.ts';
import { createStore, groupPush, pushAll } from '../support/group-push.ts';
import { teamSpec, WIDE_LIMITS } from '../support/team-spec.ts';

/**
 * The attack: two teams share a job, and a label keeps them apart. One of them looks for a way to
 * the other's part: in the listing, where a group without the label holds series with it; in the
 * refusal of a push that fills the quota of the other, which named the other's groups; and in
 * `mode: observe`, in which a label that is not allowed is let through.
 */
const PROD = teamSpec({
  name: 'prod',
  jobs: ['batch', 'prod_secret'],
  allow: ['push', 'delete', 'read'],
  labels: { env: ['prod'] },
  limits: { ...WIDE_LIMITS, groups: 2 },
});
const STAGING = teamSpec({
  name: 'staging',
  jobs: ['batch'],
  allow: ['push', 'delete', 'read'],
  labels: { env: ['staging'] },
});

function listed(labels: object, families: object): string {
  return JSON.stringify({ status: 'success', data: [{ labels, ...families }] });
}

function family(...metrics: readonly object[]): object {
  return { time_stamp: 't', type: 'GAUGE', metrics };
}

function filterListing(listing: string): unknown {
  const team = compilePolicy([PROD, STAGING]).team('staging') ?? assert.fail();
  const filter = createListingFilter(resolveReadScope(team));
  let kept = '';
  const keep: Keep = (bytes, start, end) => {
    kept += bytes.toString('utf8', start, end);
  };
  allowed(filter.add(Buffer.from(listing), keep));
  allowed(filter.end(keep));
  return JSON.parse(kept);
}

test('the listing has no series of a label value that the team may not see', () => {
  const own = { labels: { job: 'batch', env: 'staging' }, value: 'é' };
  const foreign = { labels: { job: 'batch', env: 'prod' }, value: 'secret' };
  const bare = { labels: { job: 'batch' }, value: '1' };
  const mixed = { a: family(own, foreign), b: family(foreign), c: family(bare) };
  assert.deepEqual(
    filterListing(listed({ job: 'batch' }, mixed)),
    JSON.parse(listed({ job: 'batch' }, { a: family(own), c: family(bare) })),
  );
});

/** Any team could end the listing of all others by a metric of this name. */
test('a family that is called labels hides no group and ends no listing', () => {
  const stamp = (labels: object) => ({ push_time_seconds: family({ labels, value: '1' }) });
  const named = (job: string) => ({
    labels: family({ labels: { job }, value: '1' }),
    ...stamp({ job, instance: '' }),
  });
  const listing = JSON.stringify({ status: 'success', data: [named('other'), named('batch')] });
  assert.deepEqual(
    filterListing(listing),
    JSON.parse(JSON.stringify({ status: 'success', data: [named('batch')] })),
  );
});

test('a refusal for the quota of another team names no group of it, and not how many it has', async () => {
  const store = createStore();
  await store.assignOwners(compilePolicy([PROD, STAGING]));
  await pushAll(
    store,
    groupPush('prod_secret', 'm:gauge', { team: 'prod' }),
    groupPush('batch', 'm:gauge', { team: 'staging' }),
  );
  const push = groupPush('/metrics/job/batch/instance/a', 'm:gauge', { team: 'staging' });
  const refusal = denied(await store.claim(push));
  assert.equal(refusal.reason, 'group_quota_exceeded');
  assert.doesNotMatch(JSON.stringify(refusal), /prod_secret/);
  assert.equal(
    refusal.detail,
    'the job is also that of a team whose groups are used up, this push adds 1',
  );
});

test('a team that is observed cannot touch what is another team’s by a label', () => {
  const policy = compilePolicy([PROD, { ...STAGING, mode: 'observe' }]);
  const team = policy.team('staging') ?? assert.fail();
  const address = { text: '192.0.2.1', family: 'ipv4' } as const;
  const decide = (action: 'push' | 'delete', env: string) =>
    authorize(
      team,
      { action, address, key: { job: 'batch', labels: [{ name: 'env', value: env }] } },
      { passes: createObservation('observe').passes },
    );
  for (const action of ['push', 'delete'] as const) {
    assert.equal(denied(decide(action, 'prod')).reason, 'label_not_allowed');
    assert.equal(decide(action, 'dev').effect, 'allow');
    assert.equal(decide(action, 'staging').effect, 'allow');
  }
});
