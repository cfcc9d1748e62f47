import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { findFreePort } from '../../test/support/free-port.ts';
import { startGatewayProcess } from '../../test/support/gateway.ts';
import { startListeningProcess } from '../../test/support/listening-process.ts';
import { fetchPrograms, findProgram } from '../../test/support/program.ts';
import { startPushgateway } from '../../test/support/pushgateway.ts';
import { createScratch, type Scratch } from '../../test/support/scratch.ts';
import { tokenCredential } from '../../test/support/test-credential.ts';
import { AS_STARTED } from './as-started.ts';
import { type Contender, startOnPort } from './contender.ts';
import { type Measurement, measure } from './measure.ts';

/** What is compared, by its name in the tables. */
export const NAMES = {
  direct: 'direct',
  nginx: 'nginx',
  vmauth: 'vmauth',
  bare: 'bare Express, undici',
  bareProxy: 'bare Express, proxy middleware',
  batch: 'pushwarden, audit batch',
  none: 'pushwarden, audit none',
} as const;

type Key = keyof typeof NAMES;

/** The push that all of them are given. */
export const PUSH = {
  path: '/metrics/job/bench/instance/a',
  body: '# TYPE bench gauge\nbench{n="1"} 1\nbench{n="2"} 2\nbench{n="3"} 3\nbench{n="4"} 4\n',
} as const;

/** Running, before one Pushgateway without its consistency check. */
export interface Contenders extends AsyncDisposable {
  readonly all: readonly Contender[];
  readonly folder: Scratch;
  find(key: Key): Contender;
}

const TOKEN = tokenCredential('bench');
/** As it is installed: sources need the types taken away, in every thread. */
const BUILT = fileURLToPath(new URL('../../dist/main.js', import.meta.url));

/** Builds the gateway and starts what is named, in its order. */
export async function startContenders(keys: readonly Key[]): Promise<Contenders> {
  execFileSync('npm', ['run', '-s', 'build'], { stdio: 'inherit' });
  if (!fetchPrograms(['pushgateway-1.11'])) throw new Error('Pushgateway cannot be fetched');
  await using stack = new AsyncDisposableStack();
  const folder = stack.use(await createScratch());
  const { url, pid } = stack.use(
    await startPushgateway({ version: '1.11', args: ['--push.disable-consistency-check'] }),
  );
  const starters: Record<Key, () => Promise<Contender>> = {
    direct: async () => ({
      ...{ name: NAMES.direct, pid, url, authorization: undefined },
      async [Symbol.asyncDispose]() {},
    }),
    nginx: () => startNginx(url, folder),
    vmauth: () => startVmauth(url, folder),
    bare: () => startBare(NAMES.bare, './bare-express.ts', url),
    bareProxy: () => startBare(NAMES.bareProxy, './bare-proxy.ts', url),
    batch: () => startPushwarden(NAMES.batch, 'batch', url),
    none: () => startPushwarden(NAMES.none, 'none', url),
  };
  const started = new Map<Key, Contender>();
  for (const key of keys) started.set(key, stack.use(await starters[key]()));
  const owned = stack.move();
  return {
    all: [...started.values()],
    folder,
    find(key) {
      const found = started.get(key);
      if (found === undefined) throw new TypeError(`${NAMES[key]} does not run`);
      return found;
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** Pushes as fast as is answered. */
export function measureFor(
  contender: Contender,
  how: { readonly connections: number; readonly seconds: number },
  folder: Scratch,
): Promise<Measurement> {
  const { url, authorization } = contender;
  const load = { url: url + PUSH.path, authorization, body: PUSH.body, ...how };
  return measure(contender, load, (lua) => folder.write('push.lua', lua));
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
  return startOnPort(NAMES.nginx, 'nginx', ['-c', file], port, TOKEN.authorization);
}

async function startVmauth(url: string, folder: Scratch): Promise<Contender> {
  if (!fetchPrograms(['vmauth'])) throw new Error('vmauth cannot be fetched');
  const port = await findFreePort();
  const file = await folder.write(
    'vmauth.yaml',
    `users: [{ bearer_token: "${TOKEN.secret}", url_map: [
      { src_paths: ["/metrics/job/bench.*"], url_prefix: "${url}" } ] }]\n`,
  );
  const args = [`-auth.config=${file}`, `-httpListenAddr=127.0.0.1:${port}`];
  const program = findProgram('vmauth') ?? 'vmauth';
  return startOnPort(NAMES.vmauth, program, args, port, TOKEN.authorization);
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
  name: string,
  sync: 'batch' | 'none',
  url: string,
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
