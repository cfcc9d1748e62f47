import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createByteBudget } from '../../src/limits/byte-budget.ts';

function budgetOf(maxBytes: number) {
  const limit = { maxBytes };
  const changes: number[] = [];
  const budget = createByteBudget({
    maxBytes: () => limit.maxBytes,
    onChange: (taken) => changes.push(taken),
  });
  return { budget, limit, changes };
}

test('a lease takes bytes until the budget of all leases is spent', () => {
  const { budget, changes } = budgetOf(100);
  using first = budget.open();
  using second = budget.open();
  assert.equal(first.reserve(60), true);
  assert.equal(second.reserve(41), false);
  assert.equal(second.reserve(40), true);
  assert.equal(first.reserve(1), false);
  assert.equal(first.reserve(0), true);
  assert.deepEqual(changes, [60, 100, 100]);
});

test('a lease gives back all that it took, once, and nothing of others', () => {
  const { budget, changes } = budgetOf(100);
  using other = budget.open();
  other.reserve(10);
  const lease = budget.open();
  lease.reserve(20);
  lease.reserve(30);
  lease[Symbol.dispose]();
  lease[Symbol.dispose]();
  assert.equal(changes.at(-1), 10);
  assert.equal(other.reserve(90), true);
});

test('a refused reservation takes nothing', () => {
  const { budget } = budgetOf(100);
  using lease = budget.open();
  assert.equal(lease.reserve(101), false);
  assert.equal(lease.reserve(100), true);
});

test('a budget that a reload makes smaller refuses until enough is given back', () => {
  const { budget, limit } = budgetOf(100);
  const lease = budget.open();
  lease.reserve(80);
  limit.maxBytes = 50;
  using next = budget.open();
  assert.equal(next.reserve(1), false);
  lease[Symbol.dispose]();
  assert.equal(next.reserve(50), true);
});
