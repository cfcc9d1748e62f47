import assert from 'node:assert/strict';
import { mock, test } from 'node:test';
import { startPeriodicWork } from '../../src/compose/periodic-work.ts';

/** Lets promises go as far as they can. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 10; turn += 1) await Promise.resolve();
}

test('work is done again after it has ended, and each run is counted with how it went', async () => {
  mock.timers.enable({ apis: ['setTimeout'] });
  const counted: (readonly [name: string, isDone: boolean])[] = [];
  const runs = [async () => true, async () => false, () => Promise.reject(new Error('broken'))];
  let begun = 0;
  const work = startPeriodicWork([
    {
      name: 'poll',
      everyMs: 1000,
      async run() {
        begun += 1;
        return (await runs[begun - 1]?.()) ?? true;
      },
      metric(name, seconds, isDone) {
        assert.ok(seconds >= 0);
        counted.push([name, isDone]);
      },
    },
  ]);
  for (const expected of [1, 2, 3]) {
    mock.timers.tick(999);
    assert.equal(begun, expected - 1);
    mock.timers.tick(1);
    await settle();
    assert.equal(begun, expected);
  }
  assert.deepEqual(counted, [
    ['poll', true],
    ['poll', false],
    ['poll', false],
  ]);
  work[Symbol.dispose]();
  mock.timers.tick(10_000);
  assert.equal(begun, 3);
  mock.timers.reset();
});

test('work that takes long is done less often, so that it takes no more than its share', async () => {
  mock.timers.enable({ apis: ['setTimeout'] });
  const took = mock.method(performance, 'now', () => now);
  let now = 0;
  let begun = 0;
  const run = async (): Promise<boolean> => {
    begun += 1;
    now += 5000;
    return true;
  };
  const rows = [{ name: 'poll', everyMs: 1000, mostShare: 0.1, run, metric() {} }];
  const work = startPeriodicWork(rows);
  mock.timers.tick(1000);
  await settle();
  mock.timers.tick(44_999);
  await settle();
  assert.equal(begun, 1);
  mock.timers.tick(1);
  await settle();
  assert.equal(begun, 2);
  work[Symbol.dispose]();
  took.mock.restore();
  mock.timers.reset();
});
