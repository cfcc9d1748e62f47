import { fork } from 'node:child_process';
import { once } from 'node:events';
import { setImmediate } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { createMemoryGroupStore } from '../src/core/store/memory-group-store.ts';
import { openValkeyStoreLog } from '../src/state/valkey/store-log.ts';
import { openSharedGroupStore } from '../src/store/shared-group-store.ts';
import type { SharedGroupStore } from '../src/store/shared-store.ts';
import { eventually } from '../test/support/eventually.ts';
import { startRedis } from '../test/support/redis-server.ts';
import { type Feed, feedLog } from './support/feed-log.ts';
import { renderTable } from './support/markdown-table.ts';
import { readProcessCost } from './support/process-cost.ts';

/**
 * A simulation of what the pushes of other gateways cost one that shares their state: it takes
 * claims and ends that a process makes up, through a real Redis, into the real model. No Pushgateway
 * and no HTTP: how far several gateways can go when the rest has room.
 *
 * `npm run bench -- replica [GROUPS:SERIES …]`, series of each group
 */
const CHILD = 'PUSHWARDEN_BENCH_REPLICA';
const SILENT = { info() {}, warn() {}, error() {} };
const RATES = [1000, 5000, 10_000];
const SECONDS = 8;
/** Claims that come together, as with eight gateways under load. */
const TOGETHER = 10;
const NAME = 'bench';

const urlOfChild = process.env[CHILD];
if (urlOfChild === undefined) await measureAll();
else await feed(urlOfChild);

async function measureAll(): Promise<void> {
  const shapes = process.argv.slice(2);
  const rows: Record<string, string>[] = [];
  for (const shape of shapes.length > 0 ? shapes : ['1000:4', '100000:10']) {
    const [groups = 0, series = 0] = shape.split(':').map(Number);
    rows.push(...(await measureOne(groups, series)));
  }
  console.log(renderTable(rows));
}

async function measureOne(groups: number, series: number): Promise<Record<string, string>[]> {
  await using stack = new AsyncDisposableStack();
  const redis = stack.use(await startRedis());
  const log = stack.use(openValkeyStoreLog({ url: redis.url, log: SILENT, name: NAME }));
  const store = stack.use(openSharedGroupStore({ log, createModel }));
  let taken = 0;
  let readings = 0;
  store.watch({
    pushed: () => () => {
      taken += 1;
    },
    deleted: () => undefined,
    begunAnew: () => void read(store).then(() => (readings += 1)),
  });
  const whenRead = (count: number) =>
    eventually('the store is read', () => (readings === count ? true : undefined), 10_000);
  await whenRead(1);
  const child = fork(fileURLToPath(import.meta.url), {
    env: { ...process.env, [CHILD]: redis.url },
  });
  stack.defer(() => void child.kill());
  await whenRead(2); // once for each that joins

  const rows: Record<string, string>[] = [];
  const common = { groups, series, together: TOGETHER };
  const run = async (what: Feed): Promise<void> => {
    const before = { taken, cpu: ownCpu(), redis: cpuOf(redis.pid), at: Date.now() };
    child.send(what);
    await once(child, 'message');
    const sentAt = Date.now();
    const isTaken = () => (taken - before.taken >= what.pushes ? true : undefined);
    await eventually('all is taken', isTaken, 120_000);
    const now = Date.now();
    const per = (microseconds: number) => (microseconds / what.pushes).toFixed(0);
    rows.push({
      groups: String(groups),
      'series of each': String(series),
      'pushes/s of others': (what.pushes / ((sentAt - before.at) / 1000)).toFixed(0),
      'CPU us a push': per(ownCpu() - before.cpu),
      'behind at the end, ms': String(now - sentAt),
      'Redis CPU us': per(cpuOf(redis.pid) - before.redis),
      'Redis MiB': mebibytes(readProcessCost(redis.pid).residentBytes),
      'resident MiB': mebibytes(process.memoryUsage().rss),
    });
  };
  await run({ ...common, rate: 0, pushes: Math.max(groups, 20_000) }); // fills it
  for (const rate of RATES) await run({ ...common, rate, pushes: rate * SECONDS });
  return rows;
}

function createModel() {
  const pause = () => setImmediate();
  return createMemoryGroupStore({ secret: [1, 2], pause });
}

/** Nothing is stored yet. */
async function read(store: SharedGroupStore): Promise<void> {
  const reading = store.startReading();
  await reading.begun();
  await reading.finish({ groups: [], own: [], keepsNative: true });
}

/** In a process of its own: the other gateways. */
async function feed(url: string): Promise<void> {
  const membership = await openValkeyStoreLog({ url, log: SILENT, name: NAME }).join();
  membership.follow({ take: async () => {}, lost: () => process.exit(1) });
  process.on('message', async (what: Feed) => {
    await feedLog(membership, what);
    process.send?.('sent');
  });
}

/** Without that of the children. */
function ownCpu(): number {
  const { user, system } = process.cpuUsage();
  return user + system;
}

function cpuOf(pid: number): number {
  return readProcessCost(pid).cpuMicroseconds;
}

function mebibytes(bytes: number): string {
  return (bytes / 2 ** 20).toFixed(0);
}
