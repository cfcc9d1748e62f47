import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createRequestIds } from '../../src/http/request-id.ts';

/** Ids made at these times, milliseconds. */
function makeIds(times: readonly number[]): readonly string[] {
  const rest = [...times];
  const next = createRequestIds({ now: () => rest.shift() ?? assert.fail('no more times') });
  return times.map(() => next());
}

test('a request id is a ULID that begins with its time', () => {
  // the example of the specification, and the ends of what it can hold
  const ids = makeIds([0, 1_469_918_176_385, 2 ** 48 - 1]);
  for (const id of ids) assert.match(id, /^[0-7][0-9A-HJKMNP-TV-Z]{25}$/);
  assert.deepEqual(
    ids.map((id) => id.slice(0, 10)),
    ['0000000000', '01ARYZ6S41', '7ZZZZZZZZZ'],
  );
});

test('request ids sort in the order in which they were made, also when the clock is set back', () => {
  const times = Array.from({ length: 5000 }, (_, index) => 1000 + Math.floor(index / 2000) * 7);
  const ids = makeIds([...times, 1001, 900, 2000]);
  assert.deepEqual([...ids].sort(), ids);
  assert.equal(new Set(ids).size, ids.length);
});

test('request ids of different times and makers have nothing in common but their time', () => {
  const ids = [...makeIds([5000, 5001]), ...makeIds([5000])].map((id) => id.slice(10));
  assert.equal(new Set(ids).size, 3);
});
