import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { isAbsolute, join } from 'node:path';
import { type Command, InvalidArgumentError } from 'commander';
import { composeGateway } from '../compose/compose.ts';
import { readEnvironment } from '../config/engine/secrets.ts';
import type { GatewayConfig } from '../config/gateway-config.ts';
import { loadConfig } from '../config/load.ts';
import { listenAddress } from '../config/sections/listen.ts';
import { GatewayError } from '../core/errors.ts';
import { renderDemoConfig } from '../demo/demo-config.ts';
import { startDemoStore } from '../demo/demo-store.ts';
import { type DemoUpstream, findDemoUpstream } from '../demo/demo-upstream.ts';
import { download } from '../demo/download.ts';
import { createDebianSource } from '../demo/fetch-debian.ts';
import { createReleaseSource } from '../demo/fetch-release.ts';
import { tellDemoEvents } from './demo-events.ts';
import { renderDemoGoodbye, renderDemoWelcome } from './demo-welcome.ts';
import { loadInThread } from './load-in-thread.ts';
import { createOperationalLog } from './operational-log.ts';
import { runUntilStopped } from './run-until-stopped.ts';
import { createToken } from './token-create.ts';

interface DemoOptions {
  readonly listen: string;
  readonly fetch: boolean;
}

/** Adds `demo`: exit status 0 after a clean stop, else 1. */
export function registerDemo(program: Command): void {
  program
    .command('demo')
    .description('run a gateway with a Pushgateway of its own behind it, to try it out')
    .option('--listen <address>', 'where the gateway listens', parseListen, '127.0.0.1:9091')
    .option('--no-fetch', 'do not fetch a Pushgateway where there is none')
    .action(async (options: DemoOptions) => process.exit(await demo(options)));
}

/** Takes what a configuration takes there, and says of anything else what is wrong with it. */
function parseListen(text: string): string {
  const parsed = listenAddress.safeParse(text);
  if (parsed.success) return parsed.data;
  throw new InvalidArgumentError(parsed.error.issues.map(({ message }) => message).join(', '));
}

async function demo({ listen, fetch }: DemoOptions): Promise<number> {
  await using stack = new AsyncDisposableStack();
  const upstream = await findUpstream(fetch);
  const place = await openPlace(upstream, stack);
  const folder = await mkdtemp(join(tmpdir(), 'pushwarden-demo-'));
  stack.defer(() => rm(folder, { recursive: true, force: true }));

  const tokens = { demo: createToken(), payments: createToken() };
  const file = join(folder, 'pushwarden.yaml');
  await writeFile(file, renderDemoConfig({ listen, upstream: place, tokens }), { mode: 0o600 });
  const config = await loadDemoConfig(file);
  const log = createOperationalLog('warn');
  process.stdout.on('error', () => undefined); // the terminal can go before the demo does
  const end = new AbortController();
  let telling: Promise<void> | undefined;
  const status = await runUntilStopped({
    log,
    async start() {
      const gateway = await composeGateway(config, { log, load: () => loadInThread(file) });
      console.log(renderDemoWelcome({ gateway, upstream, tokens, folder }));
      telling = tellDemoEvents(config.audit.file, console.log, end.signal);
      return gateway;
    },
  }).catch(explainTakenPort);
  end.abort();
  await telling;
  await stack.disposeAsync();
  console.log(renderDemoGoodbye({ upstream, folder }));
  return status;
}

async function findUpstream(fetches: boolean): Promise<DemoUpstream> {
  const searchPath = readEnvironment('PATH');
  const { platform, arch } = process;
  const sources = [
    createDebianSource(searchPath),
    createReleaseSource({ download, platform, arch }),
  ];
  return await findDemoUpstream({
    url: readEnvironment('PUSHWARDEN_UPSTREAM'),
    searchPath,
    cacheFolder: resolveCacheFolder(),
    sources: fetches ? sources : [],
    say: console.log,
  });
}

/** @see https://specifications.freedesktop.org/basedir-spec/latest/ */
function resolveCacheFolder(): string {
  const configured = readEnvironment('XDG_CACHE_HOME') ?? '';
  return join(isAbsolute(configured) ? configured : join(homedir(), '.cache'), 'pushwarden');
}

/** The upstream as the configuration says it; a demo store is started for it. */
async function openPlace(upstream: DemoUpstream, stack: AsyncDisposableStack) {
  switch (upstream.kind) {
    case 'url':
      return { url: upstream.url };
    case 'program':
      return { spawn: { command: upstream.command } };
    case 'store':
      return { url: stack.use(await startDemoStore(Date.now)).url };
  }
}

/** Whatever is wrong with it came from the command line. */
async function loadDemoConfig(file: string): Promise<GatewayConfig> {
  const result = await loadConfig(file, { now: Date.now() });
  if (result.ok) return result.config;
  throw new Error(result.problems.map(({ path, message }) => `${path}: ${message}`).join('\n'));
}

function explainTakenPort(error: unknown): never {
  if (!(error instanceof GatewayError) || error.code !== 'ERR_LISTEN') throw error;
  throw new Error(`${error.message}; choose another address: npm start -- --listen 127.0.0.1:0`);
}
