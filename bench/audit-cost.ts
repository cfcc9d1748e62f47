import { startGatewayProcess } from '../test/support/gateway.ts';
import { fetchPrograms } from '../test/support/program.ts';
import { startPushgateway } from '../test/support/pushgateway.ts';
import { createScratch } from '../test/support/scratch.ts';
import { tokenCredential } from '../test/support/test-credential.ts';
import type { Contender } from './support/contender.ts';
import { describeSync } from './support/disk-sync.ts';
import { type Measurement, measure, median } from './support/measure.ts';

/**
 * What the audit log costs a push through the whole gateway: `sync: batch` against `none`, in one
 * run and in turns, with the time of an `fdatasync` on the same disk beside it.
 *
 * `npm run bench -- audit-cost [SECONDS] [ROUNDS]`
 */
const [seconds = 2, rounds = 5] = process.argv.slice(2).map(Number);
const CONNECTIONS = [1, 16, 64] as const;
const SYNCS = ['none', 'batch'] as const;
type Sync = (typeof SYNCS)[number];
const TOKEN = tokenCredential('bench');
const BODY = '# TYPE bench gauge\nbench{n="1"} 1\nbench{n="2"} 2\n';

if (!fetchPrograms(['pushgateway-1.11'])) throw new Error('pushgateway cannot be fetched');

await using stack = new AsyncDisposableStack();
const scratch = stack.use(await createScratch());
const { url } = stack.use(
  await startPushgateway({ version: '1.11', args: ['--push.disable-consistency-check'] }),
);
const gateways = {
  none: stack.use(await startWith('none')),
  batch: stack.use(await startWith('batch')),
};
console.log(describeSync(scratch.path));
const measured = new Map<string, Measurement[]>();
for (const sync of SYNCS) await measureWith(sync, 16);
for (let round = 0; round < rounds; round += 1) {
  for (const connections of CONNECTIONS) {
    for (const sync of SYNCS) {
      const name = `${sync} ${connections}`;
      measured.set(name, [...(measured.get(name) ?? []), await measureWith(sync, connections)]);
    }
  }
}
console.log(`${rounds} rounds of ${seconds} s in turns, medians`);
console.table(CONNECTIONS.flatMap((connections) => SYNCS.map((sync) => row(sync, connections))));

async function startWith(sync: Sync): Promise<Contender> {
  const limits = { rate: '1000000/s', burst: 1_000_000, concurrent: 10_000 };
  const gateway = await startGatewayProcess({
    upstream: { url },
    teams: { bench: { jobs: ['bench'], limits, credentials: [TOKEN.spec] } },
    audit: { file: 'audit.jsonl', sync },
  });
  return { ...gateway, name: sync, authorization: TOKEN.authorization };
}

function measureWith(sync: Sync, connections: number): Promise<Measurement> {
  const contender = gateways[sync];
  const { authorization } = contender;
  const target = `${contender.url}/metrics/job/bench/instance/a`;
  const load = { url: target, authorization, body: BODY, connections, seconds };
  return measure(contender, load, (lua) => scratch.write('push.lua', lua));
}

function row(sync: Sync, connections: number) {
  const middle = (key: keyof Measurement, of: Sync = sync): number =>
    median(measured.get(`${of} ${connections}`) ?? [], (one) => one[key]);
  return {
    connections,
    sync,
    'pushes/s': Math.round(middle('pushesPerSecond')),
    'to none': (middle('pushesPerSecond') / middle('pushesPerSecond', 'none')).toFixed(2),
    'p50 ms': middle('p50').toFixed(2),
    'p99 ms': middle('p99').toFixed(1),
    'CPU us/push': middle('cpuPerPush').toFixed(0),
    failures: middle('failures'),
  };
}
