import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isOvertaken, judgeReading } from '../../../src/core/spool/judge-reading.ts';
import type { SpoolEntry } from '../../../src/core/spool/spool-entry.ts';
import { request } from './entries.ts';

const stored = (sentAt: number, storedAt: number): SpoolEntry => ({
  ...request('POST'),
  ...{ seq: 1, state: 'stored', sentAt, storedAt },
});
const waiting = (at: number, sentAt?: number): SpoolEntry => ({
  ...request('POST', { at }),
  ...{ seq: 2, state: 'waiting', sentAt, storedAt: undefined },
});
const OLD = [stored(1000, 1010)];
const BOTH = [stored(1000, 1010), stored(6000, 6010)];
const DELETED = [...OLD, { ...stored(1100, 1110), method: 'DELETE' as const }];
const START = 5000;

const CASES = [
  ['is lacking after a restart', OLD, undefined, true, 'restore'],
  ['is older after a restart', OLD, 900, true, 'restore'],
  ['is there after a restart', OLD, 1005, true, 'keep'],
  ['was pushed by somebody else before the restart', OLD, 2000, true, 'forget'],
  ['was pushed by somebody else after the restart', OLD, 5500, true, 'forget'],
  ['got a push before the restart was seen', BOTH, 6005, true, 'restore'],
  ['was pushed since the start alone', [stored(6000, 6010)], 6005, true, 'keep'],
  ['was pushed since the start and deleted', [stored(6000, 6010)], undefined, true, 'forget'],
  ['is gone without a restart', OLD, undefined, false, 'forget'],
  ['is as it was without a restart', OLD, 1005, false, 'keep'],
  ['has the time of the gateway until it is read', OLD, 998, false, 'keep'],
  ['was deleted and is still gone', DELETED, undefined, true, 'keep'],
  ['was deleted and is back after a restart', DELETED, 1005, true, 'restore'],
  ['was deleted, and pushed by somebody else', DELETED, 2000, true, 'forget'],
] as const;
for (const [what, entries, pushedAt, isFirst, verdict] of CASES) {
  test(`a group that ${what}: ${verdict}`, () => {
    assert.equal(judgeReading(entries, { pushedAt, startedAt: START, isFirst }), verdict);
  });
}

test('what waits is overtaken by a push that nobody here sent', () => {
  assert.equal(isOvertaken([waiting(2000)], OLD, 3000), true);
  assert.equal(isOvertaken([waiting(2000)], OLD, 1005), false);
  assert.equal(isOvertaken([waiting(2000)], [], undefined), false);
});

test('a push that may be its own does not overtake what waits', () => {
  assert.equal(isOvertaken([waiting(2000, 2500), waiting(2100)], OLD, 3000), false);
});
