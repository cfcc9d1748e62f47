import { setTimeout } from 'node:timers/promises';
import { measureFor, NAMES, startContenders } from './support/contenders.ts';
import { describeSync } from './support/disk-sync.ts';
import { renderTable } from './support/markdown-table.ts';
import { type Measurement, median } from './support/measure.ts';
import { readProcessCost } from './support/process-cost.ts';
import { renderSpread } from './support/statistics.ts';
import { LEAD_IN_SECONDS, warmUp } from './support/warm-up.ts';

/**
 * What a push costs in the process between a client and Pushgateway, all contenders in one run and
 * in turns, so that a noisy machine is noisy for all. Prints medians and their ratios.
 *
 * `npm run bench -- push-cost [SECONDS] [ROUNDS] [CONNECTIONS,…]`
 */
const [seconds = 3, rounds = 3] = process.argv.slice(2).map(Number);
const levels = (process.argv[4] ?? '16').split(',').map(Number);
/** A piece of the load that warms a contender up, as many as it takes. */
const WARM_UP = { connections: 64, seconds: 2 } as const;
/** A process is idle after so many milliseconds. */
const IDLE_MS = 3000;
const MEBIBYTE = 1024 ** 2;

await using contenders = await startContenders([
  'direct',
  'nginx',
  'vmauth',
  'bare',
  'bareProxy',
  'batch',
  'none',
]);
const { all, folder } = contenders;
await setTimeout(IDLE_MS);
const idle = new Map(
  all.map(({ name, pid }) => [name, readProcessCost(pid).residentBytes / MEBIBYTE]),
);
for (const contender of all) {
  await warmUp(async () => (await measureFor(contender, WARM_UP, folder)).cpuPerPush);
}
const rows = [];
for (const connections of levels) rows.push(...(await compare(connections)));
console.log(`${rounds} rounds of ${seconds} s in turns, medians\n\n${renderTable(rows)}\n`);
console.log(describeSync(folder.path));

async function compare(connections: number) {
  const measured = new Map<string, Measurement[]>(all.map(({ name }) => [name, []]));
  for (let round = 0; round < rounds; round += 1) {
    for (const contender of all) {
      await measureFor(contender, { connections, seconds: LEAD_IN_SECONDS }, folder);
      const run = await measureFor(contender, { connections, seconds }, folder);
      measured.get(contender.name)?.push(run);
    }
  }
  return describeRuns(connections, measured);
}

function describeRuns(connections: number, measured: ReadonlyMap<string, readonly Measurement[]>) {
  const costOf = (name: string): number =>
    median(measured.get(name) ?? [], ({ cpuPerPush }) => cpuPerPush);
  return [...measured].map(([name, runs]) => {
    const failures = runs.reduce((sum, run) => sum + run.failures, 0);
    if (failures > 0) throw new Error(`${name}: ${failures} pushes failed`);
    return {
      connections,
      contender: name,
      'pushes/s': Math.round(median(runs, (run) => run.pushesPerSecond)),
      'p50 ms': median(runs, (run) => run.p50).toFixed(2),
      'p99 ms': median(runs, (run) => run.p99).toFixed(1),
      'CPU us': costOf(name).toFixed(0),
      spread: renderSpread(runs.map((run) => run.cpuPerPush)),
      'to bare Express': (costOf(name) / costOf(NAMES.bare)).toFixed(2),
      'idle MiB': (idle.get(name) ?? 0).toFixed(0),
      MiB: (median(runs, (run) => run.residentBytes) / MEBIBYTE).toFixed(0),
    };
  });
}
