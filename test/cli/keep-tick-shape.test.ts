import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { promisify } from 'node:util';

const run = promisify(execFile);
const FILE = new URL('../../src/cli/keep-tick-shape.ts', import.meta.url).href;

/** Prints the processor time of ticks once everything was collected that nothing holds, microseconds. */
const program = (isKept: boolean): string => `
  import { setTimeout as wait } from 'node:timers/promises';
  import { keepTickShape } from '${FILE}';
  const makeTicks = async (count) => {
    for (let made = 0; made < count; made += 1) await new Promise((done) => process.nextTick(done));
  };
  if (${isKept}) keepTickShape();
  await makeTicks(3000);
  for (let round = 0; round < 6; round += 1) {
    await wait(5);
    gc();
  }
  await makeTicks(100_000);
  const before = process.cpuUsage();
  await makeTicks(300_000);
  const { user, system } = process.cpuUsage(before);
  console.log(user + system);
`;

async function timeTicks(isKept: boolean): Promise<number> {
  const args = ['--expose-gc', '--input-type=module', '--eval', program(isKept)];
  const { stdout } = await run(process.execPath, args);
  return Number(stdout);
}

test('keepTickShape leaves ticks as fast after a few collections as they were before', async () => {
  const [kept, left] = await Promise.all([timeTicks(true), timeTicks(false)]);
  // Mostly a third: when Node takes the fast way by itself, nothing is left to keep.
  assert.ok(kept < 0.8 * left, `${kept} µs with it, ${left} µs without`);
});
