import { join } from 'node:path';
import { openAuditLog } from '../src/audit/log/audit-log.ts';
import { decision, outcome } from '../test/audit/chain-fixture.ts';
import { createScratch } from '../test/support/scratch.ts';
import { describeSync } from './support/disk-sync.ts';
import { renderTable } from './support/markdown-table.ts';
import { percentile } from './support/statistics.ts';

/**
 * What `append` costs with `sync: batch` and `none`, in one run and in turns, with the raw time of
 * an fdatasync on the same disk beside it.
 *
 * `npm run bench -- audit [MILLISECONDS] [ROUNDS]`
 */
const [milliseconds = 1000, rounds = 3] = process.argv.slice(2).map(Number);
const CONCURRENCIES = [1, 16, 64] as const;
const SYNCS = ['batch', 'none'] as const;
type Sync = (typeof SYNCS)[number];

interface Measurement {
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Of the whole process, writer thread included. */
  readonly cpuUs: number;
}

const scratch = await createScratch();
await using _ = scratch;
console.log(`${describeSync(scratch.path)}\n`);
const measured = new Map<string, Measurement[]>();
for (let round = 0; round < rounds; round += 1) {
  for (const concurrency of CONCURRENCIES) {
    for (const sync of SYNCS) {
      const name = `${sync} ${concurrency}`;
      measured.set(name, [...(measured.get(name) ?? []), await measure(sync, concurrency)]);
    }
  }
}
printTable();

async function measure(sync: Sync, concurrency: number): Promise<Measurement> {
  const audit = await open(join(scratch.path, `${sync}.jsonl`), sync);
  const times: number[] = [];
  const end = performance.now() + milliseconds;
  const cpu = process.cpuUsage();
  const client = async (name: number): Promise<void> => {
    for (let turn = 0; performance.now() < end; turn += 1) {
      const id = `${name}.${turn >> 1}`;
      const before = performance.now();
      await audit.append(turn % 2 === 0 ? decision(id) : outcome(id));
      times.push(performance.now() - before);
    }
  };
  const begun = performance.now();
  await Promise.all(Array.from({ length: concurrency }, (_, name) => client(name)));
  const seconds = (performance.now() - begun) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  await audit.close();
  return {
    perSecond: times.length / seconds,
    p50Ms: percentile(times, 0.5),
    p99Ms: percentile(times, 0.99),
    cpuUs: (user + system) / times.length,
  };
}

function open(file: string, sync: Sync) {
  const quiet = (): void => {};
  return openAuditLog(
    { file, sync, onFailure: 'deny', rotateBytes: 1 << 30, keep: 1 },
    {
      clock: { now: () => Date.now(), monotonic: () => performance.now() },
      log: { info: quiet, warn: quiet, error: console.error },
    },
  );
}

function printTable(): void {
  const rows = CONCURRENCIES.flatMap((concurrency) =>
    SYNCS.map((sync) => {
      const value = (key: keyof Measurement, of: Sync = sync): number =>
        median(concurrency, of, key);
      return {
        'at once': concurrency,
        sync: `\`${sync}\``,
        'records/s': value('perSecond').toFixed(0),
        'p50 ms': value('p50Ms').toFixed(2),
        'p99 ms': value('p99Ms').toFixed(2),
        'CPU us': value('cpuUs').toFixed(0),
        'to `none`': (value('perSecond') / value('perSecond', 'none')).toFixed(2),
      };
    }),
  );
  console.log(renderTable(rows));
}

function median(concurrency: number, sync: Sync, key: keyof Measurement): number {
  const values = (measured.get(`${sync} ${concurrency}`) ?? []).map((value) => value[key]);
  return percentile(values, 0.5);
}
