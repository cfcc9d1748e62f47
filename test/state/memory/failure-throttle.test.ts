import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { createFailureThrottle } from '../../../src/state/memory/failure-throttle.ts';
import { allowed } from '../../support/decision.ts';

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
  const begin = (address = '10.1.2.3', username = 'ci') => throttle.begin(address, username);
  const fail = (count: number, address?: string, username?: string): void => {
    for (let index = 0; index < count; index += 1) allowed(begin(address, username));
  };
  /** Seconds that a pair has to wait; 0: it may begin. */
  const wait = (address?: string, username?: string): number => {
    const decision = begin(address, username);
    if (decision.effect === 'allow') decision.value.forgive();
    else assert.equal(decision.reason, 'too_many_failures');
    return decision.effect === 'allow' ? 0 : (decision.retryAfterSeconds ?? assert.fail());
  };
  const pass = (ms: number): void => {
    now += ms;
    context.mock.timers.tick(ms);
  };
  return { begin, limits, fail, wait, pass };
}

test('a pair may fail until its limit, and then has to wait', (context) => {
  const { fail, wait } = createStillThrottle(context);
  assert.equal(wait(), 0);
  fail(2);
  assert.equal(wait(), 0);
  fail(1);
  assert.equal(wait(), 60);
});

test('the wait is from the first failure on, and what is refused during it adds nothing', (context) => {
  const { fail, wait, pass } = createStillThrottle(context);
  fail(1);
  pass(20_000);
  fail(2);
  for (let run = 0; run < 5; run += 1) assert.equal(wait(), 40);
  pass(39_999);
  assert.equal(wait(), 1);
  pass(2);
  assert.equal(wait(), 0);
  fail(2);
  assert.equal(wait(), 0);
});

test('what is forgiven counts no more, and begins no time', (context) => {
  const { begin, fail, wait, pass } = createStillThrottle(context);
  const attempts = Array.from({ length: 3 }, () => allowed(begin()));
  assert.equal(wait(), 60);
  for (const attempt of attempts) attempt.forgive();
  pass(50_000);
  fail(3);
  assert.equal(wait(), 60);
});

test('what is forgiven late takes nothing from the failures that came since', (context) => {
  const { begin, fail, wait, pass } = createStillThrottle(context);
  const attempt = allowed(begin());
  pass(60_001);
  fail(3);
  attempt.forgive();
  assert.ok(wait() > 0);
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
    const { fail, wait } = createStillThrottle(context);
    fail(3);
    assert.equal(wait(address, username), 0);
  });
}

test('a limit that a reload changes counts at once', (context) => {
  const { limits, fail, wait } = createStillThrottle(context);
  fail(2);
  limits.limit = 2;
  assert.ok(wait() > 0);
  limits.limit = 5;
  assert.equal(wait(), 0);
});

test('the memory is bounded: of 60 000 pairs the oldest are forgotten, the newest not', (context) => {
  const { fail, wait } = createStillThrottle(context, { limit: 1 });
  for (let index = 0; index < 60_000; index += 1) fail(1, '10.1.2.3', `user${index}`);
  assert.equal(wait('10.1.2.3', 'user0'), 0);
  assert.ok(wait('10.1.2.3', 'user59999') > 0);
});
