import { execFile, execFileSync } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { CONTENT_TYPES, type MediaType } from '../src/core/exposition/media-type.ts';
import { startGatewayProcess } from '../test/support/gateway.ts';
import { fetchPrograms } from '../test/support/program.ts';
import { startPushgateway } from '../test/support/pushgateway.ts';
import { createScratch } from '../test/support/scratch.ts';
import { tokenCredential } from '../test/support/test-credential.ts';
import { AS_STARTED, YOUNG } from './support/as-started.ts';
import { fillStore } from './support/fill-store.ts';
import { BODIES } from './support/large-bodies.ts';
import { renderTable } from './support/markdown-table.ts';
import { median } from './support/measure.ts';
import { medianOf, pushPaced } from './support/paced-pushes.ts';
import { createTurnWatch, type Turns } from './support/turns.ts';
import { push } from './support/wrk.ts';

/**
 * How late a hundred small pushes a second are beside pushes of 10 000 series and scrapes of 10 000
 * groups, each of which comes through the gateway or past it: what the pushes are later by than when
 * it comes past is the gateway's part. Beside it how long the gateway's event loop kept them waiting,
 * by the clock, in which the machine may have been busy with others, and in processor time of its own.
 *
 * `npm run bench -- latency [SECONDS] [ROUNDS] [GROUPS]`
 */
const [seconds = 4, rounds = 3, groups = 10_000] = process.argv.slice(2).map(Number);
const BUILT = fileURLToPath(new URL('../dist/main.js', import.meta.url));
const BODY = '# TYPE bench gauge\nbench{n="1"} 1\nbench{n="2"} 2\nbench{n="3"} 3\nbench{n="4"} 4\n';
const PATH = '/metrics/job/bench/instance/';
/** Pushes of others while somebody pushes or reads much. */
const FEW_PER_SECOND = 100;
const LARGE_EVERY_MS = 250;
const SCRAPE_EVERY_MS = 500;
const WARM_SECONDS = 8;
const WARM_MS = 1500;
const TOKENS = { bench: tokenCredential('bench'), all: tokenCredential('all') };
const PUSH = { path: `${PATH}0`, authorization: TOKENS.bench.authorization, body: BODY };
const run = promisify(execFile);

/** What comes through the gateway, and the same that comes past it. */
const PAST: ReadonlyMap<string, string> = new Map([
  ['text', 'text, past'],
  ['protobuf', 'protobuf, past'],
  ['scrape, all', 'scrape, past'],
  ['scrape, one team', 'scrape, past'],
]);

execFileSync('npm', ['run', '-s', 'build'], { stdio: 'inherit' });
if (!fetchPrograms(['pushgateway-1.11'])) throw new Error('Pushgateway cannot be fetched');
await using scratch = await createScratch();
const turns = createTurnWatch(scratch);
const WATCHED = { ...AS_STARTED, ...turns.env, NODE_OPTIONS: `${YOUNG} ${turns.options}` };
console.log(renderTable(await compareBeside()));

async function compareBeside() {
  await using stack = new AsyncDisposableStack();
  const upstream = stack.use(await startUpstream());
  await fillStore(upstream.url, { path: PATH, body: BODY, groups }, scratch);
  const gateway = stack.use(await startGateway(upstream.url));
  await warmUp(gateway.url);
  const measured = new Map<string, Round[]>();
  const works = Object.entries(listWorks(gateway.url, upstream.url));
  for (const [, work] of works) await work(AbortSignal.timeout(WARM_MS)); // threads that it needs too
  for (let round = 0; round < rounds; round += 1) {
    for (const [beside, work] of works) {
      const working = new AbortController();
      const worked = work(working.signal);
      const how = { perSecond: FEW_PER_SECOND, seconds };
      await turns.take(gateway.pid);
      const took = await pushPaced({ ...PUSH, url: gateway.url, ...how });
      const longest = await turns.take(gateway.pid);
      working.abort();
      await worked;
      measured.set(beside, [...(measured.get(beside) ?? []), { took, longest }]);
    }
  }
  return [...measured].map(([beside, taken]) => {
    const past = measured.get(PAST.get(beside) ?? beside) ?? [];
    return { beside, ...describe(taken, past) };
  });
}

interface Round {
  /** Milliseconds of each push. */
  readonly took: readonly number[];
  readonly longest: Turns;
}

type Work = (signal: AbortSignal) => Promise<void>;

function listWorks(through: string, past: string): Readonly<Record<string, Work>> {
  const large = (url: string, format: MediaType): Work => {
    const body = scratch.write(format, BODIES[format](10_000));
    return (signal) =>
      repeat(signal, LARGE_EVERY_MS, async () => {
        const type = `Content-Type: ${CONTENT_TYPES[format]}`;
        const file = await body;
        await curl(['-H', type, '--data-binary', `@${file}`, `${url}${PATH}large`], 'bench');
      });
  };
  const scrape = (url: string, team: keyof typeof TOKENS): Work => {
    return (signal) => repeat(signal, SCRAPE_EVERY_MS, () => curl([`${url}/metrics`], team));
  };
  return {
    nothing: async () => {},
    'text, past': large(past, 'text'),
    text: large(through, 'text'),
    'protobuf, past': large(past, 'protobuf'),
    protobuf: large(through, 'protobuf'),
    'scrape, past': scrape(past, 'all'),
    'scrape, all': scrape(through, 'all'),
    'scrape, one team': scrape(through, 'bench'),
  };
}

async function repeat(signal: AbortSignal, ms: number, work: () => Promise<void>): Promise<void> {
  while (!signal.aborted) {
    await work();
    await delay(ms, undefined, { signal }).catch(() => undefined);
  }
}

async function curl(args: readonly string[], team: keyof typeof TOKENS): Promise<void> {
  const header = `Authorization: ${TOKENS[team].authorization}`;
  await run('curl', ['-sSf', '-o', '/dev/null', '-H', header, ...args]);
}

/** Milliseconds; `p99 over past` is over the row that `past` names. */
function describe(taken: readonly Round[], pastRounds: readonly Round[]) {
  const took = taken.map((round) => round.took);
  const past = pastRounds.map((round) => round.took);
  return {
    'p50 ms': medianOf(took, 0.5).toFixed(2),
    'p90 ms': medianOf(took, 0.9).toFixed(2),
    'p99 ms': medianOf(took, 0.99).toFixed(2),
    'most ms': medianOf(took, 1).toFixed(1),
    'p99 over past': (medianOf(took, 0.99) - medianOf(past, 0.99)).toFixed(2),
    'stall ms': median(taken, ({ longest }) => longest.stallMs).toFixed(1),
    'turn CPU ms': median(taken, ({ longest }) => longest.turnCpuMs).toFixed(1),
  };
}

/** Pushes as fast as it goes, until most of what it takes is compiled. */
async function warmUp(url: string): Promise<void> {
  const how = { ...PUSH, url: url + PUSH.path, connections: 16, seconds: WARM_SECONDS };
  await push(how, (lua) => scratch.write('push.lua', lua));
}

function startUpstream() {
  return startPushgateway({ version: '1.11', args: ['--push.disable-consistency-check'] });
}

function startGateway(url: string) {
  const most = { groups: 1_000_000, total_series: 1_000_000_000, total_bytes: '64GiB' };
  const limits = { ...most, rate: '1000000/s', burst: 1_000_000, concurrent: 10_000 };
  const document = {
    upstream: { url },
    teams: {
      bench: {
        ...{ jobs: ['bench'], allow: ['push', 'read'], limits },
        credentials: [TOKENS.bench.spec],
      },
      all: { jobs: ['*'], allow: ['read'], credentials: [TOKENS.all.spec] },
    },
    audit: { file: 'audit.jsonl', sync: 'none' },
  };
  return startGatewayProcess(document, WATCHED, [], BUILT);
}
