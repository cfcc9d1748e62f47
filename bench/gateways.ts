import { startGatewayProcess } from '../test/support/gateway.ts';
import { startPushgateway } from '../test/support/pushgateway.ts';
import { startRedis } from '../test/support/redis-server.ts';
import { createScratch } from '../test/support/scratch.ts';
import { tokenCredential } from '../test/support/test-credential.ts';
import { findFreePort } from './support/contender.ts';
import { renderTable } from './support/markdown-table.ts';
import { readProcessCost } from './support/process-cost.ts';
import { push } from './support/wrk.ts';

/**
 * What several gateways on one port do in front of an unchecked Pushgateway: pushes a second, how
 * long they take, and the CPU that a push costs all gateways and Redis.
 *
 * `npm run bench -- gateways [SECONDS] [CONNECTIONS]`
 */
const [seconds = 5, connections = 32] = process.argv.slice(2).map(Number);
const BODY = '# TYPE bench gauge\nbench{n="1"} 1\nbench{n="2"} 2\nbench{n="3"} 3\nbench{n="4"} 4\n';
const TOKEN = tokenCredential('bench');
const GROUPS = 256;
const WARM_UP_SECONDS = 4;
const LIMITS = { rate: '100000/s', burst: 1_000_000, concurrent: 1000 };
const SETTINGS = [
  { gateways: 1, isShared: false },
  { gateways: 1, isShared: true },
  { gateways: 2, isShared: true },
  { gateways: 4, isShared: true },
] as const;

const rows = [];
for (const setting of SETTINGS) rows.push(await tryOut(setting));
console.log(`${seconds} s each, ${connections} connections\n\n${renderTable(rows)}`);

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
  const pids: number[] = [];
  for (let index = 0; index < gateways; index += 1) {
    const gateway = stack.use(await startGatewayProcess(document));
    pids.push(gateway.pid);
  }
  const writeScript = (lua: string): Promise<string> => scratch.write('push.lua', lua);
  const url = `http://127.0.0.1:${port}/metrics/job/bench/instance/`;
  const { authorization } = TOKEN;
  const load = { url, authorization, body: BODY, connections, seconds, groups: GROUPS };
  await push({ ...load, seconds: WARM_UP_SECONDS }, writeScript);
  const before = readCosts([...pids, redis.pid]);
  const { pushes, pushesPerSecond, p50, p99, failures } = await push(load, writeScript);
  const after = readCosts([...pids, redis.pid]);
  const perPush = after.map((cost, index) => (cost - (before[index] ?? 0)) / pushes);
  const redisPerPush = perPush.pop() ?? 0;
  const all = perPush.reduce((sum, cost) => sum + cost, 0);
  return {
    gateways: isShared ? String(gateways) : `${gateways}, alone`,
    'pushes/s': pushesPerSecond.toFixed(0),
    'p50 ms': p50.toFixed(1),
    'p99 ms': p99.toFixed(1),
    'CPU us a push, all gateways': all.toFixed(0),
    Redis: redisPerPush.toFixed(0),
    failures: String(failures),
  };
}

function readCosts(pids: readonly number[]): readonly number[] {
  return pids.map((pid) => readProcessCost(pid).cpuMicroseconds);
}
