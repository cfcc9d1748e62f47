import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { createGroupGate } from '../../src/store/group-gate.ts';

const LONG = 10_000;
const SHORT = 5;

test('a group is held once all have left, and who comes then waits', async () => {
  const gate = createGroupGate();
  const first = await gate.enter('a', LONG);
  const second = await gate.enter('a', LONG);
  const told: string[] = [];
  const holding = gate.hold('a', LONG).then((hold) => {
    told.push('held');
    return hold;
  });
  const late = Promise.resolve(gate.enter('a', LONG)).then((lease) => {
    told.push('entered');
    return lease;
  });
  first?.[Symbol.dispose]();
  first?.[Symbol.dispose]();
  await delay(1);
  assert.deepEqual(told, [], 'the second is in yet');
  second?.[Symbol.dispose]();
  const hold = await holding;
  await delay(1);
  assert.deepEqual(told, ['held']);
  hold?.[Symbol.dispose]();
  (await late)?.[Symbol.dispose]();
  assert.notEqual(await gate.hold('a', SHORT), undefined);
});

test('who waits for too long goes, and leaves nothing', async () => {
  const gate = createGroupGate();
  const inside = await gate.enter('a', LONG);
  assert.equal(await gate.hold('a', SHORT), undefined);
  const other = await gate.enter('a', SHORT);
  assert.notEqual(other, undefined, 'nobody holds it any more');
  for (const lease of [inside, other]) lease?.[Symbol.dispose]();
  using hold = await gate.hold('a', SHORT);
  assert.notEqual(hold, undefined);
  assert.equal(await gate.hold('a', SHORT), undefined, 'one at a time');
  assert.equal(await gate.enter('a', SHORT), undefined);
  assert.notEqual(await gate.enter('b', SHORT), undefined, 'another group is free');
});
