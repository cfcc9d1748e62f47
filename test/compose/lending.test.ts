import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createLending } from '../../src/compose/lending.ts';

test('what is lent out is back when everybody has given it back, however often', async () => {
  const lending = createLending({ name: 'book' });
  const first = lending.lend();
  const second = lending.lend();
  assert.equal(first.name, 'book');
  let isBack = false;
  const back = lending.allBack().then(() => {
    isBack = true;
  });
  first[Symbol.dispose]();
  first[Symbol.dispose]();
  await Promise.resolve();
  assert.equal(isBack, false);
  second[Symbol.dispose]();
  await back;
});

test('what was never lent is back at once', async () => {
  await createLending({}).allBack();
});
