import type { Contender } from './support/contender.ts';
import { measureFor, PUSH, startContenders } from './support/contenders.ts';
import { describeSync } from './support/disk-sync.ts';
import { renderTable } from './support/markdown-table.ts';
import { type Measurement, median } from './support/measure.ts';
import { medianOf, pushPaced } from './support/paced-pushes.ts';
import { readProcessCost } from './support/process-cost.ts';
import { renderSpread } from './support/statistics.ts';
import { LEAD_IN_SECONDS, warmUp } from './support/warm-up.ts';

/**
 * How late pushes are at half of what the gateway takes without waiting for the disk, whether those
 * before are answered or not: the gateway, a bare Express and Pushgateway itself, in turns.
 *
 * `npm run bench -- half-load [SECONDS] [ROUNDS]`
 */
const [seconds = 3, rounds = 5] = process.argv.slice(2).map(Number);
/** Finds out how much is all, warm. */
const FULL = { connections: 16, seconds: 2 } as const;
const PIECE_SECONDS = 3;

await using contenders = await startContenders(['direct', 'bare', 'none', 'batch']);
const { all, folder } = contenders;
for (const contender of all) {
  await warmUp(async () => (await measureFor(contender, FULL, folder)).cpuPerPush);
}
const full: Measurement[] = [];
for (let round = 0; round < rounds; round += 1) {
  full.push(await measureFor(contenders.find('none'), FULL, folder));
}
const perSecond = Math.round(median(full, (run) => run.pushesPerSecond) / 2);
// what V8 has compiled for many pushes at once it compiles anew for few
for (const contender of all) await warmUp(() => pushForCost(contender));
const measured = new Map<Contender, (readonly number[])[]>(all.map((one) => [one, []]));
for (let round = 0; round < rounds; round += 1) {
  for (const contender of all) measured.get(contender)?.push(await pushAfterPause(contender));
}
const bareP99 = medianOf(measured.get(contenders.find('bare')) ?? [], 0.99);
const rows = [...measured].map(([{ name }, took]) => ({
  'at half load': name,
  'pushes/s': perSecond,
  'p50 ms': medianOf(took, 0.5).toFixed(2),
  'p90 ms': medianOf(took, 0.9).toFixed(2),
  'p99 ms': medianOf(took, 0.99).toFixed(2),
  spread: renderSpread(
    took.map((round) => medianOf([round], 0.99)),
    1,
  ),
  'p99 over bare': (medianOf(took, 0.99) - bareP99).toFixed(2),
}));
console.log(`${rounds} rounds of ${seconds} s in turns, medians\n\n${renderTable(rows)}\n`);
console.log(describeSync(folder.path));

/** Microseconds of CPU that a push has cost the contender. */
async function pushForCost(contender: Contender): Promise<number> {
  const before = readProcessCost(contender.pid).cpuMicroseconds;
  const took = await push(contender, PIECE_SECONDS);
  return (readProcessCost(contender.pid).cpuMicroseconds - before) / took.length;
}

async function pushAfterPause(contender: Contender): Promise<readonly number[]> {
  await push(contender, LEAD_IN_SECONDS);
  return await push(contender, seconds);
}

function push({ url, authorization }: Contender, forSeconds: number): Promise<readonly number[]> {
  return pushPaced({ ...PUSH, url, authorization, perSecond, seconds: forSeconds });
}
