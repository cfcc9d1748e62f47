import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setImmediate, setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { GroupStore } from '../src/core/store/group-store.ts';
import { createMemoryGroupStore } from '../src/core/store/memory-group-store.ts';
import { createFollowedStore } from '../src/store/follow-store.ts';
import { createPushgatewayClient } from '../src/upstream/pushgateway-client.ts';
import { createStoreReader } from '../src/upstream/store-reader.ts';
import { pushAll, textPush } from '../test/support/group-push.ts';
import { listeningOn, startListeningProcess } from '../test/support/listening-process.ts';
import { fetchPrograms, findProgram } from '../test/support/program.ts';
import { createScratch } from '../test/support/scratch.ts';
import { fillStore } from './support/fill-store.ts';

/**
 * What the model of a store costs, each size in a process of its own: memory a group and a series,
 * the first reading of a real Pushgateway that holds as much, a look whether somebody else has
 * changed it, a claim with its end; and how late the event loop is while the store is read, against
 * how late it is in rest.
 *
 * `npm run bench -- store [GROUPS:FAMILIES:SERIES …]`, series of each family
 */
const SHAPES = process.argv.slice(2);
const DEFAULT = [
  ...['10:1:5', '1000:1:5', '10000:1:5', '100000:1:5'],
  ...['10000:5:1', '100000:5:1', '100000:1:10', '10000:1:100'],
];
const CHILD = 'PUSHWARDEN_BENCH_STORE';
const CLAIMS = 20_000;
/** In which pushes that were under way during a look come into the model. */
const SETTLE_MS = 500;
const SILENT = { info() {}, warn() {}, error() {} };

if (!fetchPrograms(['pushgateway-1.11'])) throw new Error('Pushgateway cannot be fetched');
const [shapeOfChild, urlOfChild] = process.env[CHILD]?.split(' ') ?? [];
if (shapeOfChild !== undefined && urlOfChild !== undefined) {
  setInterval(() => {}, 1000); // what waits for the store keeps no process alive
  console.log(JSON.stringify(await measureShape(shapeOfChild, urlOfChild)));
  process.exit();
}
await using scratch = await createScratch();
const rows: object[] = [];
for (const shape of SHAPES.length > 0 ? SHAPES : DEFAULT) rows.push(await measureApart(shape));
console.table(rows);

/** In a process that has filled no store itself. */
async function measureApart(shape: string): Promise<object> {
  await using pushgateway = await startListeningProcess({
    command: findProgram('pushgateway-1.11') ?? '',
    args: [
      '--web.listen-address=127.0.0.1:0',
      '--log.format=json',
      '--push.disable-consistency-check',
    ],
    ready: listeningOn,
  });
  const url = `http://${pushgateway.ready}`;
  const { groups, families, series } = parseShape(shape);
  const filling = { path: '/metrics/job/bench/instance/', body: renderBody(families, series) };
  await fillStore(url, { ...filling, groups }, scratch);
  const child = spawn(process.execPath, [fileURLToPath(import.meta.url)], {
    env: { ...process.env, [CHILD]: `${shape} ${url}` },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let said = '';
  child.stdout.on('data', (chunk: Buffer) => {
    said += chunk.toString();
  });
  await once(child, 'close');
  return JSON.parse(said);
}

function parseShape(shape: string) {
  const [groups = 0, families = 0, series = 0] = shape.split(':').map(Number);
  return { groups, families, series };
}

async function measureShape(shape: string, url: string): Promise<object> {
  const { groups, families, series } = parseShape(shape);
  const client = createPushgatewayClient({ url, connections: 1 });
  await using reader = createStoreReader({ url });
  const follow = () => {
    const store = createMemoryGroupStore({
      ...{ secret: [1, 2] as const, pause: () => setImmediate() },
    });
    const followed = createFollowedStore({
      ...{ store, log: SILENT },
      clock: { now: () => Date.now(), monotonic: () => performance.now() },
      observer: { probed() {}, read() {}, changedByOthers() {}, scraped() {}, collided() {} },
    });
    followed.readBy({ ...reader, status: () => client.status(10_000) });
    return { store, followed };
  };
  await follow().followed.probe(); // the thread is there, and the code is compiled
  const quiet = await lateness(() => wait(2000));
  const nothing = settledMemory();
  const { store, followed } = follow();
  const before = settledMemory();
  const reading = await lateness(() => followed.probe());
  const peakMib = process.resourceUsage().maxRSS / 1024;
  const after = settledMemory();
  if (store.size() !== groups) throw new Error(`the model has ${store.size()} groups`);
  const firstLook = await lateness(() => followed.poll());
  const look = await lateness(() => followed.poll());
  const looked = settledMemory();
  const { listingMib } = await measureListing(url);
  const claim = await measureClaims(store, groups, renderBody(families, series));
  await client.close();
  return {
    groups,
    'series a group': families * series,
    families,
    'bytes a group': Math.round((after.bytes - before.bytes) / groups),
    'looked at': Math.round((looked.bytes - before.bytes) / groups),
    'empty KiB': Math.round((before.bytes - nothing.bytes) / 1024),
    'model MiB': round((after.bytes - before.bytes) / 1024 ** 2),
    'resident MiB': round(after.resident),
    'peak MiB': round(peakMib),
    'listing MiB': round(listingMib),
    'first reading ms': Math.round(reading.tookMs),
    'first look ms': Math.round(firstLook.tookMs - SETTLE_MS),
    'look ms': Math.round(look.tookMs - SETTLE_MS),
    'claim us': round(claim),
    'p99 late ms (quiet)': `${round(reading.p99)} (${round(quiet.p99)})`,
  };
}

function renderBody(families: number, series: number): string {
  const lines: string[] = [];
  for (let family = 0; family < families; family += 1) {
    lines.push(`# TYPE bench_rows_${family} gauge`);
    for (let at = 0; at < series; at += 1) lines.push(`bench_rows_${family}{part="${at}"} 1`);
  }
  return `${lines.join('\n')}\n`;
}

async function measureListing(url: string): Promise<{ listingMib: number }> {
  let bytes = 0;
  const { body } = await fetch(`${url}/api/v1/metrics`);
  for await (const chunk of body ?? []) bytes += chunk.length;
  return { listingMib: bytes / 1024 ** 2 };
}

/** What the model holds and what the process has resident, once garbage is gone. */
function settledMemory(): { bytes: number; resident: number } {
  setFlagsFromString('--expose-gc');
  const collect: () => void = runInNewContext('gc');
  for (let round = 0; round < 3; round += 1) collect();
  const { heapUsed, arrayBuffers, rss } = process.memoryUsage();
  return { bytes: heapUsed + arrayBuffers, resident: rss / 1024 ** 2 };
}

/** How late the event loop is meanwhile, milliseconds. */
async function lateness(work: () => Promise<unknown>): Promise<{ p99: number; tookMs: number }> {
  const histogram = monitorEventLoopDelay({ resolution: 1 });
  histogram.enable();
  const began = performance.now();
  await work();
  const tookMs = performance.now() - began;
  histogram.disable();
  return { p99: histogram.percentile(99) / 1e6, tookMs };
}

/** Microseconds for a push of what a group has already: its claim and its end. */
async function measureClaims(store: GroupStore, groups: number, body: string): Promise<number> {
  const pushes = Array.from({ length: Math.min(groups, 1000) }, (_, index) => {
    const group = Math.floor((index * groups) / Math.min(groups, 1000));
    return textPush(`bench/instance/${group}`, body);
  });
  for (const push of pushes) await pushAll(store, push);
  const began = performance.now();
  for (let at = 0; at < CLAIMS; at += 1) {
    const push = pushes[at % pushes.length];
    if (push !== undefined) await pushAll(store, push);
  }
  return ((performance.now() - began) * 1000) / CLAIMS;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
