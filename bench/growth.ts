import { copyFile } from 'node:fs/promises';
import { startGatewayProcess } from '../test/support/gateway.ts';
import { listeningOn, startListeningProcess } from '../test/support/listening-process.ts';
import { fetchPrograms, findProgram } from '../test/support/program.ts';
import { createScratch } from '../test/support/scratch.ts';
import { tokenCredential } from '../test/support/test-credential.ts';
import type { Contender } from './support/contender.ts';
import { type Measurement, measure, median } from './support/measure.ts';

/**
 * How pushes of five series fare as the store grows: through the gateway before a Pushgateway
 * without its consistency check, and directly to one without and one with it. All in one run and in
 * turns, each store filled with the same groups.
 *
 * `npm run bench -- growth [SECONDS] [ROUNDS] [GROUPS …]`
 */
const [seconds = 2, rounds = 2, ...sizes] = process.argv.slice(2).map(Number);
const GROUPS = sizes.length > 0 ? sizes : [10, 1000, 10_000];
const CONNECTIONS = 16;
const BODY = ['a', 'b', 'c', 'd', 'e'].map((part) => `bench_rows{part="${part}"} 1\n`).join('');
const PATH = '/metrics/job/bench/instance/';
const TOKEN = tokenCredential('bench');
const UNCHECKED = '--push.disable-consistency-check';

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
  const contenders = [
    stack.use(await startGateway(behind.url)),
    await direct('unchecked', [UNCHECKED]),
    await direct('checked', []),
  ];
  const measured = new Map<string, Measurement[]>(contenders.map(({ name }) => [name, []]));
  for (let round = 0; round <= rounds; round += 1) {
    for (const contender of contenders) {
      const run = await measureOne(contender, groups, round === 0 ? 1 : seconds);
      if (round > 0) measured.get(contender.name)?.push(run);
    }
  }
  const rate = (name: string): number =>
    median(measured.get(name) ?? [], ({ pushesPerSecond }) => pushesPerSecond);
  const failures = [...measured.values()].flat().reduce((sum, run) => sum + run.failures, 0);
  return {
    groups,
    'gateway pushes/s': Math.round(rate('gateway')),
    'unchecked pushes/s': Math.round(rate('unchecked')),
    'checked pushes/s': Math.round(rate('checked')),
    'gateway / checked': (rate('gateway') / rate('checked')).toFixed(1),
    failures,
  };
}

function measureOne(contender: Contender, groups: number, duration: number): Promise<Measurement> {
  const { url, authorization } = contender;
  const load = { url: url + PATH, authorization, body: BODY, connections: CONNECTIONS, groups };
  return measure(contender, { ...load, seconds: duration }, (lua) =>
    scratch.write('push.lua', lua),
  );
}

/** A store with that many groups, in a file. */
async function fill(file: string, groups: number): Promise<void> {
  await using store = await startStore(file, [UNCHECKED]);
  for (let first = 0; first < groups; first += 50) {
    const batch = Array.from({ length: Math.min(50, groups - first) }, (_, index) => first + index);
    await Promise.all(
      batch.map((group) =>
        fetch(`http://${store.ready}${PATH}${group}`, { method: 'PUT', body: BODY }),
      ),
    );
  }
  await store.stop('SIGTERM');
}

function startStore(file: string, args: readonly string[]) {
  const flags = [`--persistence.file=${file}`, '--web.listen-address=127.0.0.1:0'];
  const command = { command: program, args: [...flags, '--log.format=json', ...args] };
  return startListeningProcess({ ...command, ready: listeningOn });
}

async function startGateway(url: string): Promise<Contender> {
  const most = 1_000_000_000;
  const limits = { rate: '1000000/s', burst: 1_000_000, concurrent: 10_000, groups: most };
  const team = {
    jobs: ['bench'],
    limits: { ...limits, total_series: most, total_bytes: '64GiB' },
    credentials: [TOKEN.spec],
  };
  const gateway = await startGatewayProcess({
    upstream: { url },
    teams: { bench: team },
    audit: { file: 'audit.jsonl', sync: 'none' },
  });
  return { ...gateway, name: 'gateway', authorization: TOKEN.authorization };
}
