import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createTeamActivity } from '../../src/activity/team-activity.ts';

function setUp() {
  let now = 1000;
  const used: unknown[] = [];
  const activity = createTeamActivity({
    clock: { now: () => now, monotonic: () => now },
    onUse: (...use) => used.push(use),
  });
  const tick = (): void => {
    now += 1;
  };
  const refuse = (given: { readonly team?: string; readonly target?: string } = {}): void => {
    tick();
    activity.noteRefusal({
      team: 'payments',
      credential: 'nightly',
      method: 'PUT',
      target: '/metrics/job/x',
      reason: 'job_not_allowed',
      detail: 'not this job',
      hints: [],
      clientAddress: '10.0.0.1',
      requestId: 'id',
      ...given,
    });
  };
  return { activity, refuse, used };
}

test('refusals that differ in nothing but their time are one, the newest first', () => {
  const { activity, refuse } = setUp();
  refuse();
  refuse({ target: '/metrics/job/y' });
  refuse();
  const found = activity.refusals('payments');
  assert.deepEqual(
    found.map(({ target, count, at }) => [target, count, at]),
    [
      ['/metrics/job/x', 2, 1003],
      ['/metrics/job/y', 1, 1002],
    ],
  );
});

test('a team sees its own, and everybody those of all', () => {
  const { activity, refuse } = setUp();
  refuse();
  refuse({ team: 'data' });
  assert.equal(activity.refusals('payments').length, 1);
  assert.equal(activity.refusals('nobody').length, 0);
  assert.equal(activity.refusals(undefined).length, 2);
});

test('only the last are kept, and long texts are cut', () => {
  const { activity, refuse } = setUp();
  for (let index = 0; index < 200; index += 1) refuse({ target: `/${index}${'x'.repeat(9000)}` });
  const found = activity.refusals('payments');
  assert.equal(found.length, 50);
  assert.match(found[0]?.target ?? '', /^\/199x/);
  assert.ok(found.every(({ target }) => target.length <= 400));
});

test('the last use of a credential is known, and told', () => {
  const { activity, used } = setUp();
  activity.noteUse('payments', 'nightly');
  assert.equal(activity.lastUse('payments', 'nightly'), 1000);
  assert.equal(activity.lastUse('payments', 'ci'), undefined);
  assert.deepEqual(used, [['payments', 'nightly', 1000]]);
});
