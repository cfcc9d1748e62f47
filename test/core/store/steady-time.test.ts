import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createSteadyTime } from '../../../src/core/store/steady-time.ts';

const HOUR = 3_600_000;
const NOON = 1_800_000_000_000;

/** A clock of dates that is `ahead` of the right time, looked at every five seconds. */
function watch() {
  const time = createSteadyTime();
  let monotonic = 1000;
  let ahead = 0;
  const jumps: number[] = [];
  return {
    jumps,
    pass(milliseconds: number) {
      for (let left = milliseconds; left > 0; left -= 5000) {
        monotonic += Math.min(left, 5000);
        const jump = time.note(NOON + monotonic + ahead, monotonic);
        if (jump !== 0) jumps.push(jump);
      }
    },
    jump(milliseconds: number) {
      ahead += milliseconds;
    },
    /** How far the time that counts is from the right one. */
    off: (holdMs: number) => (time.at(monotonic, holdMs) ?? Number.NaN) - NOON - monotonic,
  };
}

test('a clock that was not looked at has no time', () => {
  assert.equal(createSteadyTime().at(0, HOUR), undefined);
});

test('a clock that goes as it should counts as it is', () => {
  const clock = watch();
  clock.pass(HOUR);
  assert.equal(clock.off(HOUR), 0);
  assert.deepEqual(clock.jumps, []);
});

test('a jump forward counts once the time to hold it has passed, and not before', () => {
  const clock = watch();
  clock.pass(5000);
  clock.jump(24 * HOUR);
  clock.pass(5000);
  assert.deepEqual(clock.jumps, [24 * HOUR]);
  assert.equal(clock.off(HOUR), 0);
  clock.pass(HOUR - 5000);
  assert.equal(clock.off(HOUR), 0);
  clock.pass(5000);
  assert.equal(clock.off(HOUR), 24 * HOUR);
});

test('a second jump forward begins the time anew', () => {
  const clock = watch();
  clock.pass(5000);
  clock.jump(HOUR);
  clock.pass(HOUR - 5000);
  clock.jump(HOUR);
  clock.pass(HOUR - 5000);
  assert.equal(clock.off(HOUR), 0);
});

test('a jump back counts at once, and right again as one forward', () => {
  const clock = watch();
  clock.pass(5000);
  clock.jump(-24 * HOUR);
  clock.pass(5000);
  assert.equal(clock.off(HOUR), -24 * HOUR);
  clock.jump(24 * HOUR);
  clock.pass(5000);
  assert.equal(clock.off(HOUR), -24 * HOUR);
  clock.pass(HOUR);
  assert.equal(clock.off(HOUR), 0);
  assert.deepEqual(clock.jumps, [-24 * HOUR, 24 * HOUR]);
});

test('what a header that counts in seconds and a slow answer make of it is no jump', () => {
  const clock = watch();
  clock.pass(5000);
  for (const unsteady of [-999, -4000, 3000, -2000]) {
    clock.jump(unsteady);
    clock.pass(5000);
    clock.jump(-unsteady);
    clock.pass(5000);
  }
  assert.deepEqual(clock.jumps, []);
  assert.equal(clock.off(HOUR), 0);
});
