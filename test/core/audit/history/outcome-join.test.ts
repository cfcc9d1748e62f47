import assert from 'node:assert/strict';
import { test } from 'node:test';
import { OutcomeJoin } from '../../../../src/core/audit/history/outcome-join.ts';
import { decision, outcome, refusal } from '../../../audit/chain-fixture.ts';

const AT = { seq: 1, time: '2026-11-22T12:00:00.000Z', prev: '', hash: '' };

function ids(joined: ReturnType<OutcomeJoin['flush']>): string {
  return joined
    .map(({ record, outcome: found }) =>
      record.event === 'decision' ? `${record.request_id}${found ? '+' : ''}` : '',
    )
    .join(' ');
}

test('OutcomeJoin gives out decisions in their order, each once its outcome has come', () => {
  const join = new OutcomeJoin();
  assert.equal(ids(join.take({ ...decision('a'), ...AT })), '');
  assert.equal(ids(join.take({ ...decision('b'), ...AT })), '');
  assert.equal(ids(join.take({ ...refusal('c'), ...AT })), '');
  assert.equal(ids(join.settle({ ...outcome('b'), ...AT })), '');
  assert.equal(join.awaits('a'), true);
  assert.equal(ids(join.settle({ ...outcome('a'), ...AT })), 'a+ b+ c');
  assert.equal(ids(join.take({ ...decision('read', { method: 'GET' }), ...AT })), 'read');
  assert.equal(ids(join.settle({ ...outcome('nobody'), ...AT })), '');
});

test('OutcomeJoin holds a bounded number of decisions that nobody knows the end of', () => {
  const join = new OutcomeJoin();
  let given = 0;
  for (let index = 0; index < 25_000; index += 1) {
    given += join.take({ ...decision(`${index}`), ...AT }).length;
  }
  assert.equal(given, 15_000);
  assert.equal(join.awaits('0'), false);
  assert.equal(join.flush().length, 10_000);
});
