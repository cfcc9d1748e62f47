import assert from 'node:assert/strict';
import { test } from 'node:test';
import { OpenOutcomes } from '../../../src/core/audit/open-outcomes.ts';

const allowed = { event: 'decision', decision: 'allow', method: 'PUT' } as const;

for (const [name, records, open] of [
  ['an allowed push', [{ ...allowed, request_id: 'a' }], ['a']],
  ['an allowed delete', [{ ...allowed, method: 'DELETE', request_id: 'a' }], ['a']],
  ['a group that is to go for its age', [{ event: 'expired', request_id: 'a' }], ['a']],
  ['an allowed read', [{ ...allowed, method: 'GET', request_id: 'a' }], []],
  ['a refused push', [{ ...allowed, decision: 'deny', request_id: 'a' }], []],
  [
    'a push with its outcome',
    [
      { ...allowed, request_id: 'a' },
      { ...allowed, request_id: 'b' },
      { event: 'outcome', request_id: 'a' },
    ],
    ['b'],
  ],
  [
    'a push that was refused after all',
    [
      { ...allowed, request_id: 'a' },
      { ...allowed, decision: 'deny', request_id: 'a' },
    ],
    [],
  ],
  [
    'a push whose unknown outcome was reported',
    [
      { ...allowed, request_id: 'a' },
      { event: 'recovered', unknown_outcomes: ['a'] },
    ],
    [],
  ],
  ['a record of the gateway itself', [{ event: 'start' }], []],
] as const) {
  test(`${name} leaves ${open.length === 0 ? 'nothing' : open} open`, () => {
    const outcomes = new OpenOutcomes();
    for (const record of records) outcomes.follow(record);
    assert.deepEqual(outcomes.ids, open);
  });
}
