import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { isAbsolute, join } from 'node:path';
import type { Command } from 'commander';
import { composeGateway, type RunningGateway } from '../compose.ts';
import { loadConfig } from '../config/load.ts';
import { renderProblem } from '../config/problem.ts';
import { readEnvironment } from '../config/secrets.ts';
import { renderDemoConfig } from '../demo/demo-config.ts';
import { startDemoStore } from '../demo/demo-store.ts';
import { type DemoUpstream, findDemoUpstream } from '../demo/demo-upstream.ts';
import { download } from '../demo/download.ts';
import { createDebianSource } from '../demo/fetch-debian.ts';
import { createReleaseSource } from '../demo/fetch-release.ts';
import { VERSION } from '../version.ts';
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
    .option('--listen <address>', 'where the gateway listens', '127.0.0.1:9091')
    .option('--no-fetch', 'do not fetch a Pushgateway where there is none')
    .action(async (options: DemoOptions) => process.exit(await demo(options)));
}

async function demo({ listen, fetch }: DemoOptions): Promise<number> {
  await using stack = new AsyncDisposableStack();
  const found = await findUpstream(fetch);
  const store = found.kind === 'store' ? stack.use(await startDemoStore(Date.now)) : undefined;
  const folder = await mkdtemp(join(tmpdir(), 'pushwarden-demo-'));
  stack.defer(() => rm(folder, { recursive: true, force: true }));

  const token = createToken();
  const file = join(folder, 'pushwarden.yaml');
  const upstream =
    found.kind === 'program'
      ? { spawn: { command: found.command } }
      : { url: found.kind === 'url' ? found.url : (store?.url ?? '') };
  await writeFile(file, renderDemoConfig({ listen, upstream, token }), { mode: 0o600 });
  const load = async () => {
    const result = await loadConfig(file, { now: Date.now() });
    if (result.ok) return result;
    return { ok: false, problems: result.problems.map(renderProblem) } as const;
  };
  const loaded = await load();
  if (!loaded.ok) throw new Error(loaded.problems.join('\n'));

  const log = createOperationalLog('warn');
  const status = await runUntilStopped({
    log,
    async start() {
      const gateway = await composeGateway(loaded.config, { log, load });
      console.log(renderWelcome({ gateway, upstream: found, token, folder }));
      return gateway;
    },
  });
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

interface Welcome {
  readonly gateway: RunningGateway;
  readonly upstream: DemoUpstream;
  readonly token: string;
  readonly folder: string;
}

const STORE_BANNER = `
  ****************************************************************************
  *  DEMO STORE: this is not Pushgateway. None was found and none could be   *
  *  fetched, so a small imitation inside this process takes its place:      *
  *  text format only, in memory only, for trying out only.                  *
  ****************************************************************************
`;

function renderWelcome({ gateway, upstream, token, folder }: Welcome): string {
  const { listenUrl: url, adminUrl } = gateway;
  const header = `-H "Authorization: Bearer ${token}"`;
  const push = `curl ${header} --data-binary @- ${url}/metrics/job/batch_job`;
  return `${upstream.kind === 'store' ? STORE_BANNER : ''}
  pushwarden ${VERSION}, demo mode: everything ends with Ctrl-C

  gateway    ${url}
  upstream   ${renderUpstream(upstream)}
  team       demo: may push, delete and read on every job
  token      ${token}
  metrics    ${adminUrl}/metrics
  files      ${folder}: pushwarden.yaml, audit.jsonl

Push a value:

  echo "batch_job_duration_seconds 42" | ${push}

See it:

  curl -s ${header} ${url}/metrics | grep batch_job
`;
}

function renderUpstream(upstream: DemoUpstream): string {
  switch (upstream.kind) {
    case 'url':
      return `Pushgateway ${upstream.version} at ${upstream.url}`;
    case 'program':
      return `Pushgateway ${upstream.version}, private: ${upstream.command} (${upstream.origin})`;
    case 'store':
      return 'demo store, not Pushgateway';
  }
}
