import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { createFailureThrottle } from '../../src/limits/failure-throttle.ts';

/** A throttle whose time only passes when the test says so. */
function createStillThrottle(
  context: TestContext,
  changes: { perMs?: number; limit?: number } = {},
) {
  const limits = { perMs: 60_000, limit: 3, ...changes };
  let now = 1000;
  context.mock.timers.enable({ apis: ['setTimeout'] });
  context.mock.method(performance, 'now', () => now);
  const throttle = createFailureThrottle(() => limits);
  const fail = (count: number, address = '10.1.2.3', username = 'ci'): void => {
    for (let index = 0; index < count; index += 1) throttle.countFailure(address, username);
  };
  const pass = (ms: number): void => {
    now += ms;
    context.mock.timers.tick(ms);
  };
  return { throttle, limits, fail, pass };
}

test('a pair may fail until its limit, and then has to wait', (context) => {
  const { throttle, fail } = createStillThrottle(context);
  assert.equal(throttle.retryAfterMs('10.1.2.3', 'ci'), 0);
  fail(2);
  assert.equal(throttle.retryAfterMs('10.1.2.3', 'ci'), 0);
  fail(1);
  assert.equal(throttle.retryAfterMs('10.1.2.3', 'ci'), 60_000);
});

test('the wait is from the first failure on, and what fails during it adds nothing', (context) => {
  const { throttle, fail, pass } = createStillThrottle(context);
  fail(1);
  pass(20_000);
  fail(5);
  assert.equal(throttle.retryAfterMs('10.1.2.3', 'ci'), 40_000);
  pass(39_999);
  assert.equal(throttle.retryAfterMs('10.1.2.3', 'ci'), 1);
  pass(2);
  assert.equal(throttle.retryAfterMs('10.1.2.3', 'ci'), 0);
  fail(2);
  assert.equal(throttle.retryAfterMs('10.1.2.3', 'ci'), 0);
});

const OTHERS = [
  ['10.1.2.4', 'ci'],
  ['10.1.2.3', 'CI'],
  ['10.1.2.3', 'c'],
  ['10.1.2.3', ' ci'],
  ['10.1.2.3', '__proto__'],
] as const;
for (const [address, username] of OTHERS) {
  test(`${address} with "${username}" does not wait for 10.1.2.3 with "ci"`, (context) => {
    const { throttle, fail } = createStillThrottle(context);
    fail(3);
    assert.equal(throttle.retryAfterMs(address, username), 0);
  });
}

test('a limit that a reload changes counts at once', (context) => {
  const { throttle, limits, fail } = createStillThrottle(context);
  fail(2);
  limits.limit = 2;
  assert.ok(throttle.retryAfterMs('10.1.2.3', 'ci') > 0);
  limits.limit = 5;
  assert.equal(throttle.retryAfterMs('10.1.2.3', 'ci'), 0);
});

test('the memory is bounded: of 60 000 pairs the oldest are forgotten, the newest not', (context) => {
  const { throttle, fail } = createStillThrottle(context, { limit: 1 });
  for (let index = 0; index < 60_000; index += 1) fail(1, '10.1.2.3', `user${index}`);
  assert.equal(throttle.retryAfterMs('10.1.2.3', 'user0'), 0);
  assert.ok(throttle.retryAfterMs('10.1.2.3', 'user59999') > 0);
});
