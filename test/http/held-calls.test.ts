import assert from 'node:assert/strict';
import { test } from 'node:test';
import { holdCalls } from '../../src/http/held-calls.ts';

interface Visit {
  readonly name: string;
  destroyed: boolean;
}

function visit(name: string): Visit {
  return { name, destroyed: false };
}

function hold() {
  const { call, release } = holdCalls<Visit, string>();
  const taken: string[] = [];
  const open = (by: string): void =>
    release(({ name }, detail) => taken.push(`${by} ${name} ${detail}`));
  return { call, open, taken };
}

test('held calls are passed on in order when they are released', () => {
  const { call, open, taken } = hold();
  call(visit('a'), '1');
  call(visit('b'), '2');
  assert.deepEqual(taken, []);
  open('by');
  assert.deepEqual(taken, ['by a 1', 'by b 2']);
});

test('held calls are passed on once, and later ones at once', () => {
  const { call, open, taken } = hold();
  call(visit('a'), '1');
  open('first');
  open('second');
  call(visit('b'), '2');
  assert.deepEqual(taken, ['first a 1', 'second b 2']);
});

test('held calls are dropped when what they are about is gone', () => {
  const { call, open, taken } = hold();
  const gone = visit('gone');
  call(gone, '1');
  call(visit('a'), '2');
  gone.destroyed = true;
  open('by');
  assert.deepEqual(taken, ['by a 2']);
});
