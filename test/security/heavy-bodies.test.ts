import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseTextExposition } from '../../src/core/exposition/text/text-exposition.ts';
import { createContentParser } from '../../src/parsing/content-parser.ts';
import { WIDE_SCOPE as SCOPE } from '../support/content-scope.ts';
import { allowed, denied } from '../support/decision.ts';
import { claimed, createStore, groupPush, pushAll } from '../support/group-push.ts';

/**
 * The attack: a team sends sixteen bodies at once that are 40 KB of gzip and 8 MiB of text, of label
 * values full of escapes, or of many label names. Each took some hundred milliseconds to understand,
 * in which nothing else was done: pushes of others took three seconds.
 */
const LINE = `rows{a="${'\\n'.repeat(500)}"} 1\n`;
const HEAVY = Buffer.from(LINE.repeat(4000));

test('while a large body is understood, the process does everything else', async () => {
  const parse = createContentParser({ parallel: 1 });
  await parse('warm', HEAVY, 'text', SCOPE);
  let turns = 0;
  let isOver = false;
  const count = (): void => {
    turns += 1;
    if (!isOver) setImmediate(count);
  };
  count();
  await parse('a', HEAVY, 'text', SCOPE);
  isOver = true;
  assert.ok(turns > 5, `${turns} turns of the event loop`);
});

test('a team with many large bodies does not keep another waiting for all of them', async () => {
  const parse = createContentParser({ parallel: 1 });
  const order: string[] = [];
  const push = async (team: string): Promise<void> => {
    await parse(team, HEAVY, 'text', SCOPE);
    order.push(team);
  };
  await Promise.all([...Array.from({ length: 6 }, () => push('a')), push('b')]);
  assert.ok(order.indexOf('b') <= 2, order.join(' '));
});

const TYPES = ['counter', 'gauge', 'untyped', 'histogram', 'summary'] as const;
const LINES = {
  ...{ counter: '', gauge: '', untyped: '' },
  ...{ histogram: '_bucket{le="+Inf"}', summary: '{quantile="0.5"}' },
};

test('a thread finds in a large body what is found in a small one', async () => {
  const parse = createContentParser({ parallel: 1 });
  const labels = Array.from({ length: 3000 }, (_, i) => `rows{a="${i}",b="ü"} ${i}\n`).join('');
  const bodies = [
    `# TYPE rows counter\n${labels}`,
    `${labels}rows{a="1",b="ü"} 2\n`,
    `${labels}broken\n`,
    TYPES.map((type) => `# TYPE of_${type} ${type}\nof_${type}${LINES[type]} 1\n`).join('') +
      Array.from({ length: 6000 }, (_, i) => `m${i} ${i}\n`).join(''),
  ];
  for (const text of bodies) {
    const body = Buffer.from(text);
    assert.ok(body.byteLength > 40_000);
    const padded = Buffer.concat([body, Buffer.from(`# ${'x'.repeat(131_072)}\n`)]);
    const [here, there] = [
      parseTextExposition(padded, SCOPE),
      await parse('a', padded, 'text', SCOPE),
    ];
    assert.deepEqual(there, here);
    assert.equal(
      Buffer.compare(padded.subarray(0, body.length), body),
      0,
      'the body is still here',
    );
  }
});

test('more large bodies than may wait are refused, and come again later', async () => {
  const parse = createContentParser({ parallel: 1 });
  const bodies = Array.from({ length: 300 }, () =>
    parse('a', Buffer.alloc(131_073, '\n'), 'text', SCOPE),
  );
  const decisions = await Promise.all(bodies);
  const refused = decisions.filter(({ effect }) => effect === 'deny');
  assert.ok(refused.length > 0 && refused.length < 100);
  for (const refusal of refused) assert.equal(denied(refusal).reason, 'overloaded');
});

test('what comes from a thread has types, numbers and names as they were', async () => {
  const parse = createContentParser({ parallel: 1 });
  const few = Array.from({ length: 5000 }, (_, i) => `# TYPE m${i} counter\nm${i} 1\n`).join('');
  const body = Buffer.from(`${few}# HELP nothing\n`);
  const here = allowed(parseTextExposition(body, SCOPE));
  assert.deepEqual(allowed(await parse('a', body, 'text', SCOPE)), here);
  const empty = Buffer.from('# a comment\n'.repeat(20_000));
  assert.deepEqual(allowed(await parse('a', empty, 'text', SCOPE)).families, []);
});

/**
 * The attack: a group of thousands of families, then pushes of one family to it, as many as a team
 * may send. Each took some fifteen milliseconds, since all that the group has was gone through.
 */
test('a small push to a large group takes little more than one to a small group', async () => {
  const store = createStore();
  await store.startReading().finish({ groups: [], own: [], keepsNative: true });
  const names = Array.from({ length: 10_000 }, (_, index) => `m${index}:gauge`).join(' ');
  await pushAll(store, groupPush('a', names));
  const small = groupPush('a', 'm1:gauge', { method: 'POST' });
  await pushAll(store, small);
  const before = process.threadCpuUsage();
  for (let round = 0; round < 10; round += 1) {
    await pushAll(store, small);
    const claims = await Promise.all([1, 2, 3, 4].map(() => claimed(store, small)));
    for (const claim of claims) await claim.settle('stored');
    const other = groupPush('a', `m${round}:gauge`, { method: 'POST' });
    const two = await Promise.all([claimed(store, small), claimed(store, other)]);
    for (const claim of two) await claim.settle('stored');
  }
  const { user, system } = process.threadCpuUsage(before);
  assert.ok(user + system < 300_000, `${(user + system) / 70} us of processor time a push`);
});

/** What it takes to hold a push against the store grows with its families, not with its bytes. */
test('pushes of very many families keep a pace, and no other push waits for them', async () => {
  const parse = createContentParser({ parallel: 1 });
  const render = (count: number): Buffer =>
    Buffer.from(Array.from({ length: count }, (_, index) => `m${index} 1\n`).join(''));
  const order: string[] = [];
  const push = async (team: string, families: number): Promise<void> => {
    allowed(await parse(team, render(families), 'text', SCOPE));
    order.push(team);
  };
  const began = performance.now();
  const hostile = Array.from({ length: 6 }, () => push('hostile', 4000));
  await push('honest', 100);
  assert.deepEqual(order, ['honest']);
  await Promise.all([...hostile, push('other', 1500)]);
  assert.ok(order.indexOf('other') < order.lastIndexOf('hostile'), order.join(' '));
  // ten thousand at once, and as many a second: the last begins when the others are paid for
  assert.ok(performance.now() - began > 900, `${performance.now() - began} ms`);
});

test('of pushes of very many families a few wait, and the team that has most loses one', async () => {
  const parse = createContentParser({ parallel: 1 });
  const body = Buffer.from(Array.from({ length: 1200 }, (_, index) => `m${index} 1\n`).join(''));
  const pushes = Array.from({ length: 120 }, () => parse('hostile', body, 'text', SCOPE));
  const decisions = await Promise.all([...pushes, parse('honest', body, 'text', SCOPE)]);
  assert.equal(decisions.at(-1)?.effect, 'allow');
  const refused = decisions.filter(({ effect }) => effect === 'deny');
  assert.ok(refused.length >= 40, `${refused.length}`);
  assert.ok(refused.every((decision) => denied(decision).reason === 'overloaded'));
});
