import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SpoolEntry } from '../../../src/core/spool/spool-entry.ts';
import { SpoolIndex } from '../../../src/core/spool/spool-index.ts';
import { allowed, denied } from '../../support/decision.ts';
import { request } from './entries.ts';

const BOUNDS = { maxBytes: 1_000_000, maxAgeMs: 60_000 };
const GROUP = '/metrics/job/a';
const open = (entries: readonly SpoolEntry[] = [], bounds = BOUNDS): SpoolIndex =>
  new SpoolIndex(() => bounds, entries);
const methods = (entries: readonly SpoolEntry[]): string =>
  entries.map(({ method }) => method).join(' ');

test('what waits for a group stands in the order in which it was taken', () => {
  const index = open();
  for (const id of ['1', '2', '3']) allowed(index.keep(request('POST', { id, families: [id] })));
  assert.deepEqual(
    index.waiting(GROUP).map(({ requestId }) => requestId),
    ['1', '2', '3'],
  );
});

test('a PUT takes the place of the pushes that wait before it, up to a DELETE', () => {
  const index = open();
  for (const method of ['POST', 'DELETE', 'POST', 'PUT'] as const) index.keep(request(method));
  assert.equal(methods(index.waiting(GROUP)), 'POST DELETE PUT');
});

test('a POST takes the place of the POSTs of whose families it has all', () => {
  const index = open();
  for (const families of [['a'], ['a', 'b'], ['c'], ['b', 'a']]) {
    allowed(index.keep(request('POST', { families })));
  }
  assert.deepEqual(
    index.waiting(GROUP).map(({ families }) => families.join()),
    ['c', 'b,a'],
  );
});

test('groups take turns: the next of one stands behind the others', () => {
  const index = open();
  for (const [group, families] of [
    ['a', ['f']],
    ['a', ['g']],
    ['b', ['f']],
  ] as const) {
    index.keep(request('POST', { group, families: [...families] }));
  }
  const turns: string[] = [];
  for (let [head] = index.heads(1); head !== undefined; [head] = index.heads(1)) {
    turns.push(`${head.group} ${head.families}`);
    index.deliver(head, 1);
  }
  assert.deepEqual(turns, ['a f', 'b f', 'a g']);
  assert.deepEqual(index.heads(), []);
});

test('a PUT does not take the place of what may have been sent already', () => {
  const index = open();
  const { entry } = allowed(index.keep(request('POST')));
  index.noteSending(entry, 2000);
  index.keep(request('PUT'));
  assert.equal(methods(index.waiting(GROUP)), 'POST PUT');
});

test('the spool takes no more than its size, and changes nothing for what it refuses', () => {
  const { bytes } = request('POST');
  const index = open([], { maxBytes: 2 * bytes, maxAgeMs: 1 });
  allowed(index.keep(request('POST')));
  allowed(index.keep(request('POST', { families: ['g'] })));
  assert.equal(index.hasRoom(), false);
  assert.equal(denied(index.keep(request('POST', { families: ['h'] }))).reason, 'overloaded');
  assert.equal(index.waitingCount, 2);
  // It takes the place of both.
  allowed(index.keep(request('PUT')));
  assert.equal(index.waitingBytes, bytes);
});

test('what waits goes before what was acknowledged and may only be needed again', () => {
  const { bytes } = request('POST');
  const index = open([], { maxBytes: 2 * bytes, maxAgeMs: 1 });
  index.noteStored(request('POST', { group: 'old' }), 1, 2);
  index.noteStored(request('POST', { group: 'new' }), 3, 4);
  const kept = allowed(index.keep(request('POST')));
  assert.deepEqual(
    kept.removed.map(({ group }) => group),
    ['old'],
  );
  assert.equal(index.stored('new').length, 1);
});

test('what a later push covers is not kept to be pushed again', () => {
  const index = open();
  index.noteStored(request('PUT', { families: ['a', 'b'] }), 1, 2);
  index.noteStored(request('POST', { families: ['a'] }), 3, 4);
  index.noteStored(request('POST', { families: ['b'] }), 5, 6);
  const change = index.noteStored(request('POST', { families: ['a', 'c'] }), 7, 8);
  assert.deepEqual(
    index.stored(GROUP).map(({ method, families }) => `${method} ${families}`),
    ['PUT a,b', 'POST b', 'POST a,c'],
  );
  assert.equal(methods(change.removed), 'POST');
  index.noteStored(request('PUT'), 9, 10);
  assert.equal(methods(index.stored(GROUP)), 'PUT');
});

test('a delivered DELETE alone stays of its group: it may have to be deleted again', () => {
  const index = open();
  index.noteStored(request('PUT'), 1, 2);
  const { entry } = allowed(index.keep(request('DELETE')));
  assert.equal(methods(index.deliver(entry, 3).removed), 'PUT');
  assert.equal(methods(index.stored(GROUP)), 'DELETE');
  assert.equal(methods(index.forget(GROUP).removed), 'DELETE');
  assert.deepEqual([...index.groups()], []);
});

test('what is restored stands before what waits already', () => {
  const index = open();
  index.noteStored(request('PUT', { id: 'stored' }), 1, 2);
  index.keep(request('POST', { id: 'waiting' }));
  assert.equal(index.restore(GROUP).written.length, 1);
  assert.deepEqual(
    index.waiting(GROUP).map(({ requestId }) => requestId),
    ['stored', 'waiting'],
  );
  assert.equal(index.waitingBytes, 2 * request('PUT').bytes);
});

test('what is older than the age is listed, by whether it was ever acknowledged', () => {
  const index = open();
  index.noteStored(request('PUT', { at: 0, group: 'b' }), 1, 2);
  index.keep(request('POST', { at: 0 }));
  index.keep(request('POST', { at: 5000, families: ['g'] }));
  const { waiting, stored } = index.listExpired(60_001);
  assert.deepEqual([waiting.length, stored.length], [1, 1]);
  assert.equal(index.oldestAt(), 0);
});
