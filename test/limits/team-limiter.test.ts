import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { SYSTEM_CLOCK } from '../../src/compose/clock.ts';
import type { Decision } from '../../src/core/decision.ts';
import type { TeamLimits } from '../../src/core/policy/limits.ts';
import { createTeamLimiter } from '../../src/limits/team-limiter.ts';
import type { Lease, TeamGuest, TeamLimiter } from '../../src/pipeline/ports.ts';
import { createMemoryTurnstile } from '../../src/state/memory/turnstile.ts';
import { allowed, denied } from '../support/decision.ts';
import { WIDE_LIMITS } from '../support/team-spec.ts';

const PER_SECOND: TeamLimits = { ...WIDE_LIMITS, rate: { count: 3, perMs: 1000 }, burst: 2 };

const GUEST: TeamGuest = { bytes: 0, onLeave: () => () => undefined };

/** A limiter whose time only passes when the test says so. */
function createStillLimiter(context: TestContext): TeamLimiter {
  context.mock.timers.enable({ apis: ['Date', 'setTimeout'], now: 1_000_000 });
  const turnstile = createMemoryTurnstile({ monotonic: () => Date.now() });
  return createTeamLimiter({ turnstile, maxWaiting: () => 1000 });
}

async function enterMany(
  limiter: TeamLimiter,
  count: number,
  limits: TeamLimits,
  team = 'payments',
): Promise<readonly Decision<Lease>[]> {
  const decisions: Decision<Lease>[] = [];
  for (let index = 0; index < count; index += 1)
    decisions.push(await limiter.enter(team, limits, GUEST));
  return decisions;
}

function countAllowed(decisions: readonly Decision<Lease>[]): number {
  return decisions.filter(({ effect }) => effect === 'allow').length;
}

test('a team may push as often as its rate says, and its burst on top', async (context) => {
  const limiter = createStillLimiter(context);
  assert.equal(countAllowed(await enterMany(limiter, 20, PER_SECOND)), 5);
});

test('a team that spent its rate is told when to come back', async (context) => {
  const limiter = createStillLimiter(context);
  await enterMany(limiter, 5, PER_SECOND);
  context.mock.timers.tick(400);
  const { reason, detail, retryAfterSeconds } = denied(
    await limiter.enter('payments', PER_SECOND, GUEST),
  );
  assert.equal(reason, 'rate_limited');
  assert.equal(detail, 'the team may push 3 times in 1 s');
  assert.equal(retryAfterSeconds, 1);
});

test('Retry-After is as many whole seconds as it takes', async (context) => {
  const limiter = createStillLimiter(context);
  const limits = { ...PER_SECOND, rate: { count: 1, perMs: 60_000 }, burst: 1 };
  await enterMany(limiter, 2, limits);
  context.mock.timers.tick(10_500);
  assert.equal(denied(await limiter.enter('payments', limits, GUEST)).retryAfterSeconds, 50);
});

test('a team may push again once its time is over', async (context) => {
  const limiter = createStillLimiter(context);
  await enterMany(limiter, 20, PER_SECOND);
  context.mock.timers.tick(999);
  assert.equal(countAllowed(await enterMany(limiter, 1, PER_SECOND)), 0);
  context.mock.timers.tick(1);
  assert.ok(countAllowed(await enterMany(limiter, 20, PER_SECOND)) >= 3);
});

test('what is refused costs nothing of the next time', async (context) => {
  const limiter = createStillLimiter(context);
  await enterMany(limiter, 1000, PER_SECOND);
  context.mock.timers.tick(60_000);
  assert.equal(countAllowed(await enterMany(limiter, 20, PER_SECOND)), 5);
});

test('over a minute the burst comes once, whatever is offered', async (context) => {
  const limiter = createStillLimiter(context);
  let admitted = 0;
  for (let second = 0; second < 60; second += 1) {
    admitted += countAllowed(await enterMany(limiter, 20, { ...PER_SECOND, concurrent: 1000 }));
    context.mock.timers.tick(1000);
  }
  assert.equal(admitted, 60 * PER_SECOND.rate.count + PER_SECOND.burst);
});

test('a team without a burst has its rate alone', async (context) => {
  const limiter = createStillLimiter(context);
  assert.equal(countAllowed(await enterMany(limiter, 20, { ...PER_SECOND, burst: 0 })), 3);
});

test('one team spends nothing of another', async (context) => {
  const limiter = createStillLimiter(context);
  await enterMany(limiter, 20, PER_SECOND);
  assert.equal(countAllowed(await enterMany(limiter, 20, PER_SECOND, '__proto__')), 5);
});

const TWO: TeamLimits = { ...WIDE_LIMITS, concurrent: 2 };

test('a team may have as many pushes under way as its limit says', async () => {
  const limiter = createTeamLimiter({
    turnstile: createMemoryTurnstile(SYSTEM_CLOCK),
    maxWaiting: () => 1000,
  });
  const [first, , third] = await enterMany(limiter, 3, TWO);
  assert.ok(first && third);
  const { reason, detail, retryAfterSeconds } = denied(third);
  assert.equal(reason, 'too_many_concurrent');
  assert.equal(detail, 'the team may have 2 pushes under way');
  assert.equal(retryAfterSeconds, 1);
  allowed(first)[Symbol.dispose]();
  assert.equal((await limiter.enter('payments', TWO, GUEST)).effect, 'allow');
  assert.equal((await limiter.enter('payments', TWO, GUEST)).effect, 'deny');
});

test('pushes that come at the same moment do not slip past the limit together', async () => {
  const limiter = createTeamLimiter({
    turnstile: createMemoryTurnstile(SYSTEM_CLOCK),
    maxWaiting: () => 1000,
  });
  const decisions = await Promise.all(
    Array.from({ length: 10 }, () => limiter.enter('payments', TWO, GUEST)),
  );
  assert.equal(countAllowed(decisions), 2);
});

test('a push that the rate refuses holds no place', async (context) => {
  const limiter = createStillLimiter(context);
  const limits = { ...TWO, rate: { count: 1, perMs: 1000 }, burst: 0 };
  const [first] = await enterMany(limiter, 50, limits);
  assert.ok(first);
  allowed(first)[Symbol.dispose]();
  context.mock.timers.tick(1000);
  assert.equal((await limiter.enter('payments', limits, GUEST)).effect, 'allow');
});

test('a push that finds no place costs nothing of the rate', async (context) => {
  const limiter = createStillLimiter(context);
  const limits = { ...TWO, rate: { count: 3, perMs: 1000 }, burst: 0 };
  const [first] = await enterMany(limiter, 50, limits);
  assert.ok(first);
  allowed(first)[Symbol.dispose]();
  assert.equal((await limiter.enter('payments', limits, GUEST)).effect, 'allow');
});

const CHANGES: readonly (readonly [what: string, limits: TeamLimits])[] = [
  ['rate', { ...PER_SECOND, rate: { count: 4, perMs: 1000 } }],
  ['time of the rate', { ...PER_SECOND, rate: { count: 3, perMs: 500 } }],
  ['burst', { ...PER_SECOND, burst: 3 }],
];
for (const [what, limits] of CHANGES) {
  test(`a reload that changes the ${what} counts for the next push`, async (context) => {
    const limiter = createStillLimiter(context);
    await enterMany(limiter, 20, PER_SECOND);
    const expected = limits.rate.count + limits.burst;
    assert.equal(countAllowed(await enterMany(limiter, 20, limits)), expected);
  });
}

test('a reload that changes other limits leaves the spent rate spent', async (context) => {
  const limiter = createStillLimiter(context);
  await enterMany(limiter, 20, PER_SECOND);
  const reloaded = { ...PER_SECOND, rate: { ...PER_SECOND.rate }, body: 1, concurrent: 50 };
  assert.equal(countAllowed(await enterMany(limiter, 20, reloaded)), 0);
});

test('pushes that began before a reload are counted and leave their places free', async () => {
  const limiter = createTeamLimiter({
    turnstile: createMemoryTurnstile(SYSTEM_CLOCK),
    maxWaiting: () => 1000,
  });
  const before = await enterMany(limiter, 2, TWO);
  const reloaded = { ...TWO, concurrent: 3 };
  const [during] = await enterMany(limiter, 1, reloaded);
  assert.ok(during);
  assert.equal(
    denied(await limiter.enter('payments', reloaded, GUEST)).reason,
    'too_many_concurrent',
  );
  for (const decision of [...before, during]) allowed(decision)[Symbol.dispose]();
  assert.equal(countAllowed(await enterMany(limiter, 5, reloaded)), 3);
});

const PATIENT: TeamLimits = { ...WIDE_LIMITS, concurrent: 1, waitMs: 60_000 };

test('pushes over the limit come to their turn in the order of their arrival', async () => {
  const limiter = createTeamLimiter({
    turnstile: createMemoryTurnstile(SYSTEM_CLOCK),
    maxWaiting: () => 1000,
  });
  const order: number[] = [];
  const pushes = Array.from({ length: 5 }, async (_, index) => {
    const lease = allowed(await limiter.enter('payments', PATIENT, GUEST));
    order.push(index);
    lease[Symbol.dispose]();
  });
  await Promise.all(pushes);
  assert.deepEqual(order, [0, 1, 2, 3, 4]);
});

test('a push over the rate waits until it may go on', async (context) => {
  const limiter = createStillLimiter(context);
  const limits = { ...PATIENT, concurrent: 9, rate: { count: 1, perMs: 1000 }, burst: 0 };
  await enterMany(limiter, 1, limits);
  const waiting = limiter.enter('payments', limits, GUEST);
  await new Promise(setImmediate);
  context.mock.timers.tick(1000);
  assert.equal((await waiting).effect, 'allow');
});

test('a push that cannot come to its turn in time is refused at once', async (context) => {
  const limiter = createStillLimiter(context);
  const limits = { ...PATIENT, concurrent: 9, rate: { count: 1, perMs: 3_600_000 }, burst: 0 };
  const [, second] = await enterMany(limiter, 2, limits);
  assert.equal(second && denied(second).reason, 'rate_limited');
});

test('a push waits no longer than its time', async (context) => {
  const limiter = createStillLimiter(context);
  await enterMany(limiter, 1, PATIENT);
  const waiting = limiter.enter('payments', PATIENT, GUEST);
  context.mock.timers.tick(60_000);
  assert.equal(denied(await waiting).reason, 'too_many_concurrent');
});

test('a client that leaves gives its place to the next', async () => {
  const limiter = createTeamLimiter({
    turnstile: createMemoryTurnstile(SYSTEM_CLOCK),
    maxWaiting: () => 1,
  });
  const [first] = await enterMany(limiter, 1, PATIENT);
  let leave = (): void => undefined;
  const onLeave = (listener: () => void): (() => void) => {
    leave = listener;
    return () => undefined;
  };
  const leaving = limiter.enter('payments', PATIENT, { bytes: 0, onLeave });
  const crowded = denied(await limiter.enter('payments', PATIENT, GUEST));
  assert.match(String(crowded.detail), /1 wait already/);
  leave();
  assert.equal((await leaving).effect, 'deny');
  const next = limiter.enter('payments', PATIENT, GUEST);
  if (first) allowed(first)[Symbol.dispose]();
  assert.equal((await next).effect, 'allow');
});

test('those who wait hold so many bytes and no more', async (context) => {
  const limiter = createStillLimiter(context);
  await enterMany(limiter, 1, PATIENT);
  const large: TeamGuest = { ...GUEST, bytes: 20 * 1024 * 1024 };
  void limiter.enter('payments', PATIENT, large);
  assert.equal((await limiter.enter('payments', PATIENT, large)).effect, 'deny');
});
