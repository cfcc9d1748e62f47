import { eventually } from '../test/support/eventually.ts';
import { type GatewayProcess, startGatewayProcess } from '../test/support/gateway.ts';
import { fetchPrograms } from '../test/support/program.ts';
import { startPushgateway } from '../test/support/pushgateway.ts';
import { createScratch } from '../test/support/scratch.ts';
import { tokenCredential } from '../test/support/test-credential.ts';
import { describeSync } from './support/disk-sync.ts';
import { type Measurement, measure, median } from './support/measure.ts';

/**
 * What a spool costs a push while Pushgateway is there, against none, in one run and in turns; how
 * many pushes a second it keeps while Pushgateway is away; how many it sends once that is back; and
 * how new pushes fare beside that.
 *
 * `npm run bench -- spool [SECONDS] [ROUNDS]`
 */
const [seconds = 3, rounds = 5] = process.argv.slice(2).map(Number);
const CONNECTIONS = 16;
/** Of the pushes that wait, and of the new ones beside them. */
const GROUPS = 5000;
const TOKEN = tokenCredential('bench');
const BODY = '# TYPE bench gauge\nbench{n="1"} 1\nbench{n="2"} 2\nbench{n="3"} 3\nbench{n="4"} 4\n';
const WAYS = ['without', 'with'] as const;
type Way = (typeof WAYS)[number];

if (!fetchPrograms(['pushgateway-1.11'])) throw new Error('pushgateway cannot be fetched');

await using stack = new AsyncDisposableStack();
const scratch = stack.use(await createScratch());
const started = { version: '1.11', args: ['--push.disable-consistency-check'] } as const;
const upstreams = {
  without: stack.use(await startPushgateway(started)),
  with: await startPushgateway(started),
};
const gateways = {
  without: stack.use(await start('without')),
  with: stack.use(await start('with')),
};

console.log(describeSync(scratch.path));
const measured: Readonly<Record<Way, Measurement[]>> = { without: [], with: [] };
for (const way of WAYS) await load(way, 'instance/a', 4);
for (let round = 0; round < rounds; round += 1) {
  const order = round % 2 === 0 ? WAYS : WAYS.toReversed();
  for (const way of order) measured[way].push(await load(way, 'instance/a', seconds));
}
console.log(`${CONNECTIONS} connections, ${rounds} rounds of ${seconds} s in turns, medians`);
console.table(WAYS.map((way) => ({ spool: way, ...describeRuns(measured[way]) })));

const alone = await load('with', 'new/', seconds, GROUPS);
await upstreams.with.stop('SIGKILL');
const spooling = await load('with', 'kept/', seconds, GROUPS);
const waiting = await readMetric(gateways.with, 'pushwarden_spooled_pushes_total');
const back = stack.use(await startPushgateway({ ...started, port: upstreams.with.port }));
const replayed = timeReplay();
const beside = await load('with', 'new/', seconds, GROUPS);
console.table([
  { what: 'new pushes alone', ...describe(alone) },
  { what: 'while Pushgateway is away', ...describe(spooling) },
  { what: 'new pushes beside the replay', ...describe(beside) },
]);
const { ends, ms } = await replayed;
console.log(`${waiting} pushes kept; ${Math.round((ends / ms) * 1000)}/s sent by the replay`);
console.log(`${(await back.groups()).length} groups in Pushgateway ${back.version}`);

function start(way: Way): Promise<GatewayProcess> {
  const limits = {
    ...{ rate: '1000000/s', burst: 1_000_000, concurrent: 10_000 },
    ...{ groups: 1_000_000, total_series: 10_000_000, total_bytes: '4GiB' },
  };
  return startGatewayProcess({
    upstream: { url: upstreams[way].url },
    teams: { bench: { jobs: ['bench'], limits, credentials: [TOKEN.spec] } },
    audit: { file: 'audit.jsonl' },
    ...(way === 'with' && { spool: { dir: 'spool' } }),
  });
}

function load(way: Way, path: string, length: number, groups?: number): Promise<Measurement> {
  const { url, pid } = gateways[way];
  const { authorization } = TOKEN;
  const contender = { name: way, pid, url, authorization, async [Symbol.asyncDispose]() {} };
  const target = `${url}/metrics/job/bench/${path}`;
  const connections = CONNECTIONS;
  const pushes = { url: target, authorization, body: BODY, connections, seconds: length };
  return measure(contender, { ...pushes, ...(groups && { groups }) }, (lua) =>
    scratch.write('push.lua', lua),
  );
}

/** From the first that is sent to the last. */
async function timeReplay(): Promise<{ readonly ends: number; readonly ms: number }> {
  const sent = (): Promise<number> =>
    readMetric(gateways.with, 'pushwarden_spool_ends_total{team="bench",outcome="delivered"}');
  const before = await sent();
  await eventually('the replay', async () => ((await sent()) > before ? true : undefined));
  const first = await sent();
  const beganAt = performance.now();
  await eventually('its end', async () =>
    (await readMetric(gateways.with, 'pushwarden_spool_bytes')) === 0 ? true : undefined,
  );
  return { ends: (await sent()) - first, ms: performance.now() - beganAt };
}

async function readMetric({ adminUrl }: GatewayProcess, name: string): Promise<number> {
  const text = await (await fetch(`${adminUrl}/metrics`)).text();
  const values = text.split('\n').filter((line) => line.startsWith(name));
  return values.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
}

function describeRuns(runs: readonly Measurement[]) {
  const middle = (key: keyof Measurement): number => median(runs, (run) => run[key]);
  return describe({
    ...{ pushesPerSecond: middle('pushesPerSecond'), p50: middle('p50'), p99: middle('p99') },
    ...{ cpuPerPush: middle('cpuPerPush'), failures: middle('failures') },
  });
}

function describe(run: Omit<Measurement, 'pushes' | 'residentBytes'>) {
  return {
    'pushes/s': Math.round(run.pushesPerSecond),
    'p50 ms': run.p50.toFixed(2),
    'p99 ms': run.p99.toFixed(1),
    'CPU us/push': Math.round(run.cpuPerPush),
    failures: run.failures,
  };
}
