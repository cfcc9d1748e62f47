import { readFile } from 'node:fs/promises';
import { parse } from 'yaml';
import { type Contender, startOnPort } from '../../bench/support/contender.ts';
import { findFreePort } from '../../test/support/free-port.ts';
import { startGatewayProcess } from '../../test/support/gateway.ts';
import { findProgram } from '../../test/support/program.ts';
import { createScratch, type Scratch } from '../../test/support/scratch.ts';

/** What stands between clients and Pushgateway. */
export const PROXIES = ['nginx', 'vmauth', 'pushwarden'] as const;
export type ProxyName = (typeof PROXIES)[number];

/** What stands in a configuration file and what takes its place. */
export type Change = readonly [found: string, replacement: string];

interface ProxyOptions {
  /** Of the Pushgateway. */
  readonly upstream: string;
  /** To the configuration file in this folder. */
  readonly changes?: readonly Change[];
  /** In place of the file `htpasswd`; nginx only. */
  readonly htpasswd?: string;
}

/** Starts a proxy on a free loopback port, configured by its file in this folder. */
export async function startProxy(proxy: ProxyName, options: ProxyOptions): Promise<Contender> {
  await using stack = new AsyncDisposableStack();
  const scratch = stack.use(await createScratch());
  const started = stack.use(await STARTERS[proxy](options, scratch));
  const owned = stack.move();
  return { ...started, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

/** A file of this folder after changes, each of which must find what it replaces. */
async function readChanged(name: string, changes: readonly Change[]): Promise<string> {
  const text = await readFile(new URL(`../${name}`, import.meta.url), 'utf8');
  return changes.reduce((changed, [found, replacement]) => {
    if (!changed.includes(found)) throw new Error(`${name} has no "${found}" to change`);
    return changed.replaceAll(found, () => replacement);
  }, text);
}

const STARTERS = { nginx: startNginx, vmauth: startVmauth, pushwarden: startPushwarden } as const;

async function startNginx(options: ProxyOptions, scratch: Scratch): Promise<Contender> {
  const port = await findFreePort();
  const conf = await readChanged('nginx.conf', [
    ['127.0.0.1:9091', `127.0.0.1:${port}`],
    ['127.0.0.1:9092', new URL(options.upstream).host],
    ...(options.changes ?? []),
  ]);
  const file = await scratch.write('nginx.conf', conf);
  await scratch.write('htpasswd', options.htpasswd ?? (await readChanged('htpasswd', [])));
  // One process: a worker of root's would be another user, who may not read the folder.
  const single = 'daemon off; master_process off;';
  const args = ['-p', scratch.path, '-c', file, '-e', 'error.log', '-g', single];
  return await startOnPort('nginx', 'nginx', args, port, undefined);
}

async function startVmauth(options: ProxyOptions, scratch: Scratch): Promise<Contender> {
  const port = await findFreePort();
  const config = await readChanged('vmauth.yaml', [
    ['http://127.0.0.1:9092', options.upstream],
    ...(options.changes ?? []),
  ]);
  const file = await scratch.write('vmauth.yaml', config);
  // It writes its access log to stderr. One processor, as nginx has one worker.
  const args = [
    ...['-c', 'exec "$@" 2>"$0"', `${scratch.path}/access.log`, 'env', 'GOMAXPROCS=1'],
    ...[findProgram('vmauth') ?? 'vmauth', `-auth.config=${file}`],
    // Its own pages are not for clients; a Pushgateway that was away is asked again at once.
    ...['-httpInternalListenAddr=127.0.0.1:0', '-failTimeout=10ms', '-http.disableCORS'],
    ...[
      '-removeXFFHTTPHeaderValue',
      '-requestBufferSize=2MiB',
      `-httpListenAddr=127.0.0.1:${port}`,
    ],
  ];
  return await startOnPort('vmauth', 'sh', args, port, undefined);
}

async function startPushwarden(options: ProxyOptions): Promise<Contender> {
  const config = parse(await readChanged('pushwarden.yaml', options.changes ?? []));
  const gateway = await startGatewayProcess({
    ...config,
    listen: '127.0.0.1:0',
    upstream: { url: options.upstream },
    audit: { file: 'audit.jsonl', ...config.audit },
  });
  return { ...gateway, name: 'pushwarden', authorization: undefined };
}
