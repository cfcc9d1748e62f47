import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { promisify } from 'node:util';

const run = promisify(execFile);
const FILE = new URL('../../src/cli/bound-garbage.ts', import.meta.url).href;

/** Prints the most that the heap takes while what is in use is replaced again and again, MiB. */
const program = (isBounded: boolean): string => `
  import { boundGarbage } from '${FILE}';
  if (${isBounded}) boundGarbage();
  const rows = [];
  let most = 0;
  for (let made = 0; made < 4_000_000; made += 1) {
    rows[made % 300_000] = { made, text: 'number ' + made };
    if (made % 10_000 === 0) most = Math.max(most, process.memoryUsage().heapTotal);
  }
  console.log(most / 1024 ** 2);
`;

async function mostOf(isBounded: boolean): Promise<number> {
  // As on a machine with much memory, whatever this one has.
  const args = ['--max-old-space-size=4096', '--input-type=module', '--eval', program(isBounded)];
  const { stdout } = await run(process.execPath, args);
  return Number(stdout);
}

test('boundGarbage keeps the heap below what V8 lets it become', async () => {
  const [bounded, left] = await Promise.all([mostOf(true), mostOf(false)]);
  assert.ok(bounded < 0.92 * left, `${bounded} MiB with it, ${left} MiB without`);
});
