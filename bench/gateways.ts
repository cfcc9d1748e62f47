import { findFreePort } from '../test/support/free-port.ts';
import { startGatewayProcess } from '../test/support/gateway.ts';
import { startPushgateway } from '../test/support/pushgateway.ts';
import { startRedis } from '../test/support/redis-server.ts';
import { createScratch } from '../test/support/scratch.ts';
import { tokenCredential } from '../test/support/test-credential.ts';
import { cpuLimitMissing, limitCpu } from './support/cpu-share.ts';
import { renderTable } from './support/markdown-table.ts';
import { readProcessCost } from './support/process-cost.ts';
import { push } from './support/wrk.ts';

/**
 * What several gateways on one port do in front of an unchecked Pushgateway: pushes a second, how
 * long they take, and the CPU that a push costs all gateways, Redis and Pushgateway. Each gateway
 * gets a share of one core and no more, so that the rest of the machine has room for the others and
 * the gateways are what is measured; 0 for as much as there is.
 *
 * `npm run bench -- gateways [SECONDS] [SHARE] [CONNECTIONS OF EACH]`
 */
const [seconds = 8, share = 0.25, connections = 48] = process.argv.slice(2).map(Number);
const BODY = '# TYPE bench gauge\nbench{n="1"} 1\nbench{n="2"} 2\nbench{n="3"} 3\nbench{n="4"} 4\n';
const TOKEN = tokenCredential('bench');
const GROUPS = 256;
/** Of each gateway, at full speed: until then much of its time goes into compiling. */
const WARM_PUSHES = 12_000;
const WARM_UP_SECONDS = 4;
const LIMITS = { rate: '1000000/s', burst: 1_000_000, concurrent: 1000 };
const SETTINGS = [
  { gateways: 1, isShared: false },
  { gateways: 1, isShared: true },
  { gateways: 2, isShared: true },
  { gateways: 4, isShared: true },
] as const;

const missing = share > 0 ? cpuLimitMissing() : undefined;
if (missing !== undefined) console.log(`${missing}; they take what they get`);
const isLimited = share > 0 && missing === undefined;
const rows: Record<string, string>[] = [];
let pushesOfOne: number | undefined;
for (const setting of SETTINGS) rows.push(await tryOut(setting));
const each = isLimited ? `${share * 100} % of a core` : 'what it gets';
console.log(`${seconds} s each, ${connections} connections and ${each} for each gateway\n`);
console.log(renderTable(rows));

async function tryOut({ gateways, isShared }: (typeof SETTINGS)[number]) {
  await using stack = new AsyncDisposableStack();
  const upstream = stack.use(
    await startPushgateway({ version: '1.11', args: ['--push.disable-consistency-check'] }),
  );
  const scratch = stack.use(await createScratch());
  const redis = stack.use(await startRedis());
  const port = await findFreePort();
  const document = {
    listen: `127.0.0.1:${port}`,
    server: { reuse_port: true },
    upstream: { url: upstream.url },
    ...(isShared && { state: { url: redis.url } }),
    teams: { bench: { jobs: ['*'], allow: ['push'], credentials: [TOKEN.spec], limits: LIMITS } },
  };
  const limits = stack.use(new AsyncDisposableStack()); // they go after the gateways
  const pids: number[] = [];
  for (let index = 0; index < gateways; index += 1) {
    pids.push(stack.use(await startGatewayProcess(document)).pid);
  }
  const writeScript = (lua: string): Promise<string> => scratch.write('push.lua', lua);
  const url = `http://127.0.0.1:${port}/metrics/job/bench/instance/`;
  const { authorization } = TOKEN;
  const all = connections * gateways;
  const load = { url, authorization, body: BODY, connections: all, seconds, groups: GROUPS };
  for (let warm = 0; warm < WARM_PUSHES * gateways; ) {
    warm += (await push({ ...load, seconds: WARM_UP_SECONDS }, writeScript)).pushes;
  }
  if (isLimited) for (const pid of pids) limits.use(limitCpu(pid, share));
  const asked = [...pids, redis.pid, upstream.pid];
  const before = asked.map(readCpu);
  const { pushes, pushesPerSecond, p50, p99, failures } = await push(load, writeScript);
  const perPush = asked.map((pid, index) => (readCpu(pid) - (before[index] ?? 0)) / pushes);
  const [ofUpstream = 0, ofRedis = 0] = [perPush.pop(), perPush.pop()];
  const ofGateways = perPush.reduce((sum, cost) => sum + cost, 0);
  if (isShared) pushesOfOne ??= pushesPerSecond;
  const ratio = pushesOfOne === undefined ? '' : (pushesPerSecond / pushesOfOne).toFixed(2);
  return {
    gateways: isShared ? String(gateways) : `${gateways}, alone`,
    'pushes/s': pushesPerSecond.toFixed(0),
    'to one with state': ratio,
    'p50 ms': p50.toFixed(1),
    'p99 ms': p99.toFixed(1),
    'CPU us a push: gateways': ofGateways.toFixed(0),
    Redis: ofRedis.toFixed(0),
    Pushgateway: ofUpstream.toFixed(0),
    failures: String(failures),
  };
}

/** Microseconds. */
function readCpu(pid: number): number {
  return readProcessCost(pid).cpuMicroseconds;
}
