import assert from 'node:assert/strict';
import { Socket } from 'node:net';
import { test } from 'node:test';
import { setImmediate as later } from 'node:timers/promises';
import { createTurns } from '../../src/http/turns.ts';

/** A turn that ends on order. */
function createTurn(name: string, journal: string[]) {
  const { promise, resolve: end } = Promise.withResolvers<void>();
  const turn = (done: () => void): void => {
    journal.push(`${name} begins`);
    void promise.then(() => {
      journal.push(`${name} ends`);
      done();
    });
  };
  return { turn, end };
}

test('a turn begins when the one before it has ended', async () => {
  const turns = createTurns();
  const socket = new Socket();
  const journal: string[] = [];
  const first = createTurn('first', journal);
  const second = createTurn('second', journal);
  turns.take(socket, first.turn);
  turns.take(socket, second.turn);
  second.end();
  await later();
  assert.deepEqual(journal, ['first begins']);
  first.end();
  await later();
  assert.deepEqual(journal, ['first begins', 'first ends', 'second begins', 'second ends']);
  const third = createTurn('third', journal);
  third.end();
  turns.take(socket, third.turn);
  await later();
  assert.equal(journal.at(-1), 'third ends');
});

test('a turn that ends twice ends no other one', () => {
  const turns = createTurns();
  const socket = new Socket();
  const journal: string[] = [];
  const ends: (() => void)[] = [];
  for (const name of ['first', 'second', 'third']) {
    turns.take(socket, (end) => {
      journal.push(name);
      ends.push(end);
    });
  }
  ends[0]?.();
  ends[0]?.();
  assert.deepEqual(journal, ['first', 'second']);
});

test('connections do not wait for each other', () => {
  const turns = createTurns();
  const journal: string[] = [];
  turns.take(new Socket(), createTurn('one', journal).turn);
  turns.take(new Socket(), createTurn('other', journal).turn);
  assert.deepEqual(journal, ['one begins', 'other begins']);
});

test('sixteen turns may wait; one more ends the connection', async () => {
  const turns = createTurns();
  const socket = new Socket();
  const journal: string[] = [];
  const first = createTurn('first', journal);
  turns.take(socket, first.turn);
  for (let count = 0; count < 16; count += 1) turns.take(socket, createTurn('next', journal).turn);
  assert.equal(socket.destroyed, false);
  turns.take(socket, createTurn('too many', journal).turn);
  assert.equal(socket.destroyed, true);
  first.end();
  await later();
  assert.deepEqual(journal, ['first begins', 'first ends']);
});

test('nothing more is done on a connection that was closed', async () => {
  const turns = createTurns();
  const socket = new Socket();
  const journal: string[] = [];
  const first = createTurn('first', journal);
  turns.take(socket, first.turn);
  turns.take(socket, createTurn('second', journal).turn);
  socket.end();
  first.end();
  await later();
  assert.deepEqual(journal, ['first begins', 'first ends']);
});
