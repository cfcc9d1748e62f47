import { execFileSync } from 'node:child_process';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { findFreePort } from '../test/support/free-port.ts';
import { startGatewayProcess } from '../test/support/gateway.ts';
import { startListeningProcess } from '../test/support/listening-process.ts';
import { fetchPrograms, findProgram } from '../test/support/program.ts';
import { type Pushgateway, startPushgateway } from '../test/support/pushgateway.ts';
import { createScratch, type Scratch } from '../test/support/scratch.ts';
import { tokenCredential } from '../test/support/test-credential.ts';
import { AS_STARTED } from './support/as-started.ts';
import { type Contender, startOnPort } from './support/contender.ts';
import { describeSync } from './support/disk-sync.ts';
import { renderTable } from './support/markdown-table.ts';
import { type Measurement, measure, median } from './support/measure.ts';
import { medianOf, pushPaced } from './support/paced-pushes.ts';
import { readProcessCost } from './support/process-cost.ts';

/**
 * What a push costs in the process between a client and Pushgateway, all contenders in one run and
 * in turns, so that a noisy machine is noisy for all. Prints medians and their ratios, then how late
 * pushes are at half the load.
 *
 * `npm run bench -- push-cost [SECONDS] [ROUNDS] [CONNECTIONS,…]`
 */
const [seconds = 3, rounds = 3] = process.argv.slice(2).map(Number);
const levels = (process.argv[4] ?? '16').split(',').map(Number);
/** A piece of the load that warms a contender up, as many as it takes. */
const WARM_UP = { connections: 64, seconds: 2 } as const;
const MOST_WARM_UPS = 18;
/** Pieces that cost as good as the one before: what is compiled while it runs is so by then. */
const SETTLED_PIECES = 2;
const SETTLED_SHARE = 0.97;
/** A process is idle after so many milliseconds. */
const IDLE_MS = 3000;
const BASE = 'bare Express, undici';
const BATCH = 'pushwarden, audit batch';
const NONE = 'pushwarden, audit none';
const BODY = '# TYPE bench gauge\nbench{n="1"} 1\nbench{n="2"} 2\nbench{n="3"} 3\nbench{n="4"} 4\n';
const PATH = '/metrics/job/bench/instance/a';
const TOKEN = tokenCredential('bench');
const MEBIBYTE = 1024 ** 2;

/** As it is installed: sources need the types taken away, in every thread. */
const BUILT = fileURLToPath(new URL('../dist/main.js', import.meta.url));

execFileSync('npm', ['run', '-s', 'build'], { stdio: 'inherit' });
if (!fetchPrograms(['pushgateway-1.11', 'vmauth'])) throw new Error('vmauth cannot be fetched');

await using stack = new AsyncDisposableStack();
const scratch = stack.use(await createScratch());
const upstream = stack.use(
  await startPushgateway({ version: '1.11', args: ['--push.disable-consistency-check'] }),
);
const contenders = await startContenders(upstream, scratch, stack);
await setTimeout(IDLE_MS);
const idle = new Map(
  contenders.map(({ name, pid }) => [name, readProcessCost(pid).residentBytes / MEBIBYTE]),
);
for (const contender of contenders) await warmUp(contender);
const rows = [];
for (const connections of levels) rows.push(...(await compare(connections)));
console.log(`${rounds} rounds of ${seconds} s in turns, medians\n\n${renderTable(rows)}\n`);
console.log(`${renderTable(await compareAtHalfLoad())}\n`);
console.log(describeSync(scratch.path));

/** Latencies at half of what the gateway takes, of those that are made with Node. */
async function compareAtHalfLoad() {
  const [bare, none, batch] = [findContender(BASE), findContender(NONE), findContender(BATCH)];
  const full = await measureFor(none, { connections: 16, seconds });
  const perSecond = Math.round(full.pushesPerSecond / 2);
  const measured = new Map<Contender, (readonly number[])[]>();
  for (let round = 0; round < rounds; round += 1) {
    for (const contender of [bare, none, batch]) {
      const { url, authorization } = contender;
      const took = await pushPaced({
        url,
        path: PATH,
        authorization,
        body: BODY,
        perSecond,
        seconds,
      });
      measured.set(contender, [...(measured.get(contender) ?? []), took]);
    }
  }
  const bareP99 = medianOf(measured.get(bare) ?? [], 0.99);
  return [...measured].map(([{ name }, took]) => ({
    'at half load': name,
    'pushes/s': perSecond,
    'p50 ms': medianOf(took, 0.5).toFixed(2),
    'p90 ms': medianOf(took, 0.9).toFixed(2),
    'p99 ms': medianOf(took, 0.99).toFixed(2),
    'p99 over bare': (medianOf(took, 0.99) - bareP99).toFixed(2),
  }));
}

function findContender(name: string): Contender {
  const found = contenders.find((contender) => contender.name === name);
  if (found === undefined) throw new TypeError(`${name} does not run`);
  return found;
}

/**
 * Pushes until a push costs no less than before. Programs that run for weeks are compared: what Go
 * has compiled beforehand takes V8 tens of thousands of pushes, the more code the longer.
 */
async function warmUp(contender: Contender): Promise<void> {
  let least = Number.POSITIVE_INFINITY;
  let settled = 0;
  for (let piece = 0; piece < MOST_WARM_UPS && settled < SETTLED_PIECES; piece += 1) {
    const { cpuPerPush } = await measureFor(contender, WARM_UP);
    settled = cpuPerPush < least * SETTLED_SHARE ? 0 : settled + 1;
    least = Math.min(least, cpuPerPush);
  }
}

async function compare(connections: number) {
  const measured = new Map<string, Measurement[]>(contenders.map(({ name }) => [name, []]));
  for (let round = 0; round < rounds; round += 1) {
    for (const contender of contenders) {
      const load = { connections, seconds };
      measured.get(contender.name)?.push(await measureFor(contender, load));
    }
  }
  return describeRuns(connections, measured);
}

async function startContenders(
  pushgateway: Pushgateway,
  folder: Scratch,
  opened: AsyncDisposableStack,
): Promise<readonly Contender[]> {
  const { url } = pushgateway;
  const direct = { name: 'direct', pid: pushgateway.pid, url, authorization: undefined };
  const started = [
    await startNginx(url, folder),
    await startVmauth(url, folder),
    await startBare(BASE, './support/bare-express.ts', url),
    await startBare('bare Express, proxy middleware', './support/bare-proxy.ts', url),
    await startPushwarden(url, BATCH, 'batch'),
    await startPushwarden(url, NONE, 'none'),
  ];
  for (const contender of started) opened.use(contender);
  return [{ ...direct, async [Symbol.asyncDispose]() {} }, ...started];
}

function measureFor(
  contender: Contender,
  how: { readonly connections: number; readonly seconds: number },
): Promise<Measurement> {
  const { url, authorization } = contender;
  const load = { url: url + PATH, authorization, body: BODY, ...how };
  return measure(contender, load, (lua) => scratch.write('push.lua', lua));
}

/** One bearer token, one job, a size limit, an access log: the nearest that it does. */
async function startNginx(url: string, folder: Scratch): Promise<Contender> {
  const port = await findFreePort();
  const file = await folder.write(
    'nginx.conf',
    `daemon off; master_process off; worker_processes 1; pid ${folder.path}/nginx.pid;
error_log ${folder.path}/nginx-error.log;
events { worker_connections 1024; }
http {
  access_log ${folder.path}/nginx-access.log;
  client_body_temp_path ${folder.path}; proxy_temp_path ${folder.path};
  fastcgi_temp_path ${folder.path}; uwsgi_temp_path ${folder.path}; scgi_temp_path ${folder.path};
  map_hash_bucket_size 256;
  map $http_authorization $allowed { "${TOKEN.authorization}" 1; default 0; }
  upstream pushgateway { server ${new URL(url).host}; keepalive 32; }
  server {
    listen 127.0.0.1:${port};
    client_max_body_size 1m;
    keepalive_requests 1000000;
    location /metrics/job/bench {
      if ($allowed = 0) { return 401; }
      proxy_pass http://pushgateway;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_set_header Authorization "";
    }
  }
}
`,
  );
  return startOnPort('nginx', 'nginx', ['-c', file], port, TOKEN.authorization);
}

async function startVmauth(url: string, folder: Scratch): Promise<Contender> {
  const port = await findFreePort();
  const file = await folder.write(
    'vmauth.yaml',
    `users: [{ bearer_token: "${TOKEN.secret}", url_map: [
      { src_paths: ["/metrics/job/bench.*"], url_prefix: "${url}" } ] }]\n`,
  );
  const args = [`-auth.config=${file}`, `-httpListenAddr=127.0.0.1:${port}`];
  const program = findProgram('vmauth') ?? 'vmauth';
  return startOnPort('vmauth', program, args, port, TOKEN.authorization);
}

async function startBare(name: string, script: string, url: string): Promise<Contender> {
  const child = await startListeningProcess({
    command: process.execPath,
    args: [fileURLToPath(new URL(script, import.meta.url)), url],
    ready: ({ msg, listen }) => (msg === 'ready' ? String(listen) : undefined),
  });
  return { ...child, name, url: child.ready, authorization: undefined };
}

async function startPushwarden(
  url: string,
  name: string,
  sync: 'batch' | 'none',
): Promise<Contender> {
  const limits = { rate: '1000000/s', burst: 1_000_000, concurrent: 10_000 };
  const team = { jobs: ['bench'], limits, credentials: [TOKEN.spec] };
  const document = {
    upstream: { url },
    teams: { bench: team },
    audit: { file: 'audit.jsonl', sync },
  };
  const gateway = await startGatewayProcess(document, AS_STARTED, [], BUILT);
  return { ...gateway, name, authorization: TOKEN.authorization };
}

function describeRuns(connections: number, measured: ReadonlyMap<string, readonly Measurement[]>) {
  const costOf = (name: string): number =>
    median(measured.get(name) ?? [], ({ cpuPerPush }) => cpuPerPush);
  return [...measured].map(([name, runs]) => {
    const failures = runs.reduce((sum, run) => sum + run.failures, 0);
    if (failures > 0) throw new Error(`${name}: ${failures} pushes failed`);
    return {
      connections,
      contender: name,
      'pushes/s': Math.round(median(runs, (run) => run.pushesPerSecond)),
      'p50 ms': median(runs, (run) => run.p50).toFixed(2),
      'p99 ms': median(runs, (run) => run.p99).toFixed(1),
      'CPU us': costOf(name).toFixed(0),
      spread: spread(runs, (run) => run.cpuPerPush),
      'to bare Express': (costOf(name) / costOf(BASE)).toFixed(2),
      'idle MiB': (idle.get(name) ?? 0).toFixed(0),
      MiB: (median(runs, (run) => run.residentBytes) / MEBIBYTE).toFixed(0),
    };
  });
}

function spread<Row>(rows: readonly Row[], pick: (row: Row) => number): string {
  const values = rows.map(pick);
  return `${Math.min(...values).toFixed(0)}-${Math.max(...values).toFixed(0)}`;
}
