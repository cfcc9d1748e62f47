import assert from 'node:assert/strict';
import { test } from 'node:test';
import { claimed, createStore, familyContent, groupPush } from '../support/group-push.ts';

/**
 * The attack: push thousands of families to one group, then the same names with another type, again
 * and again. Each of them clashes with what it takes the place of, and for each the whole list of
 * the group was gone through: ten thousand families held every request up for seconds.
 */
const FAMILIES = 40_000;
const MAX_CPU_MS = 10_000;

test('a push whose families all change their type is registered in linear time', async () => {
  const store = createStore();
  const begun = process.cpuUsage();
  for (const type of ['gauge', 'counter'] as const) {
    const families = Array.from({ length: FAMILIES }, (_, index) =>
      familyContent(`m${index}`, type),
    );
    const push = { ...groupPush('etl', ''), content: { families } };
    await (await claimed(store, push)).settle(type === 'gauge' ? 'stored' : 'unknown');
  }
  assert.ok(process.cpuUsage(begun).user < MAX_CPU_MS * 1000);
});
