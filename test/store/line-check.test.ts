import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createLineCheck } from '../../src/store/line-check.ts';

const lines = (counts: Readonly<Record<string, number>>): ReadonlyMap<string, number> =>
  new Map(Object.entries(counts));
const TWO = lines({ rows: 2, more: 1 });

test('as many lines as the model has are explained, whatever Pushgateway has of its own', () => {
  const check = createLineCheck();
  assert.equal(check.compare(lines({ rows: 2, more: 1, go_info: 7 }), TWO, TWO), 'explained');
});

test('more lines are suspected, different at the second look, and told of once', () => {
  const check = createLineCheck();
  const scraped = lines({ rows: 3, more: 1 });
  assert.equal(check.compare(scraped, TWO, TWO), 'suspected');
  assert.equal(check.compare(scraped, TWO, TWO), 'different');
  assert.equal(check.compare(scraped, TWO, TWO), 'explained');
  assert.equal(check.compare(TWO, TWO, TWO), 'explained');
});

test('what is different in another way each time is on its way', () => {
  const check = createLineCheck();
  assert.equal(check.compare(lines({ rows: 3, more: 1 }), TWO, TWO), 'suspected');
  assert.equal(check.compare(lines({ rows: 1, more: 1 }), TWO, TWO), 'suspected');
  assert.equal(check.compare(TWO, TWO, TWO), 'explained');
  assert.equal(check.compare(lines({ rows: 1, more: 1 }), TWO, TWO), 'suspected');
});

test('a family that changes meanwhile tells nothing', () => {
  const check = createLineCheck();
  const after = lines({ rows: 3, more: 1 });
  assert.equal(check.compare(TWO, TWO, after), 'explained');
  assert.equal(check.compare(after, TWO, after), 'explained');
});

test('what is told of once is told of anew after it was not so', () => {
  const check = createLineCheck();
  const scraped = lines({ rows: 3, more: 1 });
  check.compare(scraped, TWO, TWO);
  assert.equal(check.compare(scraped, TWO, TWO), 'different');
  check.compare(TWO, TWO, TWO);
  check.compare(scraped, TWO, TWO);
  assert.equal(check.compare(scraped, TWO, TWO), 'different');
});
