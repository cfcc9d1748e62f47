import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createAnswerWatch } from '../../../src/state/valkey/answer-watch.ts';

function openStage() {
  let now = 0;
  const watch = createAnswerWatch(() => now);
  return {
    isSound: watch.isSound,
    passes(ms: number): void {
      now += ms;
    },
    ask() {
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      const heard = watch.hear(promise).catch(() => undefined);
      return {
        async answer() {
          resolve();
          await heard;
        },
        async refuse() {
          reject(new Error('full'));
          await heard;
        },
      };
    },
  };
}

test('a server that nobody asks is sound', async () => {
  const { ask, isSound, passes } = openStage();
  await ask().answer();
  passes(60_000);
  assert.equal(isSound(), true);
});

test('a server is sound again with its first answer after a silence of a second', async () => {
  const { ask, isSound, passes } = openStage();
  const [first, second] = [ask(), ask()];
  passes(999);
  assert.equal(isSound(), true);
  passes(1);
  assert.equal(isSound(), false);
  await first.answer();
  assert.equal(isSound(), true);
  passes(1000);
  assert.equal(isSound(), false);
  await second.answer();
  passes(1000);
  assert.equal(isSound(), true);
});

test('a server that answers one after the other is sound, however many wait', async () => {
  const { ask, isSound, passes } = openStage();
  let [first, second] = [ask(), ask()];
  for (let round = 0; round < 5; round += 1) {
    passes(600);
    await first.answer();
    assert.equal(isSound(), true);
    [first, second] = [second, ask()];
  }
  await second.answer();
});

test('a server that refuses is not sound for a second, nor until it has answered', async () => {
  const { ask, isSound, passes } = openStage();
  await ask().refuse();
  assert.equal(isSound(), false);
  passes(500);
  await ask().answer();
  assert.equal(isSound(), false);
  passes(500);
  assert.equal(isSound(), true);

  const hanging = ask();
  passes(1500);
  await hanging.refuse();
  passes(900);
  const next = ask();
  passes(100);
  assert.equal(isSound(), false, 'what is asked anew does not make it sound');
  await next.answer();
  assert.equal(isSound(), true);
});
