import { copyFile } from 'node:fs/promises';
import { setTimeout as wait } from 'node:timers/promises';
import { startGatewayProcess } from '../test/support/gateway.ts';
import { listeningOn, startListeningProcess } from '../test/support/listening-process.ts';
import { fetchPrograms, findProgram } from '../test/support/program.ts';
import { createScratch } from '../test/support/scratch.ts';
import { tokenCredential } from '../test/support/test-credential.ts';
import type { Contender } from './support/contender.ts';
import { fillStore } from './support/fill-store.ts';
import { type Measurement, measure, median } from './support/measure.ts';
import { readProcessCost } from './support/process-cost.ts';

/**
 * How pushes of five series fare as the store grows: through the gateway before a Pushgateway
 * without its consistency check, through the same gateway without any check of its own, and directly
 * to a Pushgateway without its check and with it. All in one run and in turns, each store filled with
 * the same groups; the gateways are warm before it begins, as a process is that runs for days.
 *
 * `npm run bench -- growth [SECONDS] [ROUNDS] [GROUPS …]`
 */
const [seconds = 2, rounds = 3, ...sizes] = process.argv.slice(2).map(Number);
const GROUPS = sizes.length > 0 ? sizes : [10, 1000, 10_000];
const CONNECTIONS = 16;
const BODY = ['a', 'b', 'c', 'd', 'e'].map((part) => `bench_rows{part="${part}"} 1\n`).join('');
const PATH = '/metrics/job/bench/instance/';
const TOKEN = tokenCredential('bench');
const UNCHECKED = '--push.disable-consistency-check';
/** Pushes after which the compiler has done its work. */
const WARM_PUSHES = 20_000;
const WARM_SECONDS = 60;
/** Beyond it a push to a checked one takes seconds. */
const MOST_CHECKED = 10_000;
/** In which a process that is idle uses less than a tenth of a core. */
const IDLE_MS = 200;
const NO_CHECKS = new URL('./support/no-checks.ts', import.meta.url).href;

if (!fetchPrograms(['pushgateway-1.11'])) throw new Error('Pushgateway cannot be fetched');
const program = findProgram('pushgateway-1.11') ?? '';
await using scratch = await createScratch();

const rows: Record<string, string | number>[] = [];
for (const groups of GROUPS) rows.push(await measureAt(groups));
console.table(rows);

async function measureAt(groups: number): Promise<Record<string, string | number>> {
  const file = `${scratch.path}/filled-${groups}`;
  await fill(file, groups);
  await using stack = new AsyncDisposableStack();
  const direct = async (name: string, args: readonly string[]): Promise<Contender> => {
    await copyFile(file, `${file}-${name}`);
    const child = stack.use(await startStore(`${file}-${name}`, args));
    return { ...child, name, url: `http://${child.ready}`, authorization: undefined };
  };
  const behind = await direct('behind', [UNCHECKED]);
  const bare = await direct('bare', [UNCHECKED]);
  const gateways = [
    stack.use(await startGateway('gateway', behind.url, process.env)),
    stack.use(
      await startGateway('without checks', bare.url, {
        ...process.env,
        NODE_OPTIONS: `--import ${NO_CHECKS}`,
      }),
    ),
  ];
  const contenders = [
    ...gateways,
    await direct('unchecked', [UNCHECKED]),
    ...(groups > MOST_CHECKED ? [] : [await direct('checked', [])]),
  ];
  for (const gateway of gateways) await warmUp(gateway, groups);
  const measured = new Map<string, Measurement[]>(contenders.map(({ name }) => [name, []]));
  for (let round = 0; round <= rounds; round += 1) {
    for (const contender of contenders) {
      const run = await measureOne(contender, groups, round === 0 ? 1 : seconds);
      await untilIdle(contender);
      if (round > 0) measured.get(contender.name)?.push(run);
    }
  }
  return describe(groups, measured);
}

function describe(groups: number, measured: ReadonlyMap<string, readonly Measurement[]>) {
  const of = (name: string) => measured.get(name) ?? [];
  const rate = (name: string): number => median(of(name), ({ pushesPerSecond }) => pushesPerSecond);
  const cost = (name: string): number => median(of(name), ({ cpuPerPush }) => cpuPerPush);
  const ratio = (value: number): string => (Number.isNaN(value) ? '' : value.toFixed(2));
  return {
    groups,
    'gateway pushes/s': Math.round(rate('gateway')),
    'without checks': Math.round(rate('without checks')),
    unchecked: Math.round(rate('unchecked')),
    checked: groups > MOST_CHECKED ? '' : Math.round(rate('checked')),
    'gateway / without checks': ratio(rate('gateway') / rate('without checks')),
    'gateway / checked': ratio(rate('gateway') / rate('checked')),
    'CPU us a push': Math.round(cost('gateway')),
    'without checks, us': Math.round(cost('without checks')),
    'CPU ratio': ratio(cost('gateway') / cost('without checks')),
    failures: [...measured.values()].flat().reduce((sum, run) => sum + run.failures, 0),
  };
}

async function warmUp(gateway: Contender, groups: number): Promise<void> {
  let pushes = 0;
  for (let passed = 0; pushes < WARM_PUSHES && passed < WARM_SECONDS; passed += 2) {
    pushes += (await measureOne(gateway, groups, 2)).pushes;
  }
}

function measureOne(contender: Contender, groups: number, duration: number): Promise<Measurement> {
  const { url, authorization } = contender;
  const load = { url: url + PATH, authorization, body: BODY, connections: CONNECTIONS, groups };
  return measure(contender, { ...load, seconds: duration }, (lua) =>
    scratch.write('push.lua', lua),
  );
}

/** A checked store is busy for seconds yet with pushes that nobody waits for any more. */
async function untilIdle({ pid }: Contender): Promise<void> {
  const used = (): number => readProcessCost(pid).cpuMicroseconds;
  for (let before = Number.NEGATIVE_INFINITY; used() - before > IDLE_MS * 100; ) {
    before = used();
    await wait(IDLE_MS);
  }
}

/** A store with that many groups, in a file. */
async function fill(file: string, groups: number): Promise<void> {
  await using store = await startStore(file, [UNCHECKED]);
  await fillStore(`http://${store.ready}`, { path: PATH, body: BODY, groups }, scratch);
  await store.stop('SIGTERM');
}

function startStore(file: string, args: readonly string[]) {
  const flags = [`--persistence.file=${file}`, '--web.listen-address=127.0.0.1:0'];
  const command = { command: program, args: [...flags, '--log.format=json', ...args] };
  return startListeningProcess({ ...command, ready: listeningOn });
}

async function startGateway(name: string, url: string, env: NodeJS.ProcessEnv): Promise<Contender> {
  const most = 1_000_000_000;
  const limits = { rate: '1000000/s', burst: 1_000_000, concurrent: 10_000, groups: most };
  const team = {
    jobs: ['bench'],
    limits: { ...limits, total_series: most, total_bytes: '64GiB' },
    credentials: [TOKEN.spec],
  };
  const gateway = await startGatewayProcess(
    { upstream: { url }, teams: { bench: team }, audit: { file: 'audit.jsonl', sync: 'none' } },
    env,
  );
  return { ...gateway, name, authorization: TOKEN.authorization };
}
