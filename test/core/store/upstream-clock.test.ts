import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createUpstreamClock } from '../../../src/core/store/upstream-clock.ts';

test('nothing is known of a clock that was not seen', () => {
  assert.equal(createUpstreamClock().latest(5), Number.POSITIVE_INFINITY);
});

test('dates in whole seconds narrow a clock down', () => {
  const clock = createUpstreamClock();
  clock.noteDate(70_000, 10, 20);
  assert.equal(clock.latest(0), 70_990);
  clock.noteDate(70_000, 800, 810);
  assert.ok(clock.latest(0) < 70_202, `${clock.latest(0)}`);
  clock.noteTime(70_850, 840);
  assert.equal(clock.latest(840), 70_850);
});

test('a time that is older than what it is said to be of tells nothing', () => {
  const clock = createUpstreamClock();
  clock.noteDate(70_000, 10, 20);
  clock.noteTime(60_000, 500);
  assert.equal(clock.latest(0), 70_990);
});

test('a clock that was set is known anew', () => {
  const clock = createUpstreamClock();
  clock.noteDate(70_000, 10, 20);
  clock.noteDate(30_000, 5000, 5010);
  assert.equal(clock.latest(5000), 31_000);
  clock.noteDate(90_000, 6000, 6010);
  assert.equal(clock.latest(6000), 91_000);
});

test('what was known long ago counts for less', () => {
  const clock = createUpstreamClock();
  clock.noteDate(70_000, 900, 900);
  clock.noteDate(10_070_000, 10_000_000, 10_000_000);
  assert.equal(clock.latest(10_000_000), 10_071_000);
});
