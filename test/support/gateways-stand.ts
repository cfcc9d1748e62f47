import { copyFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { findFreePort } from './free-port.ts';
import { type HeldGroups, readHeldGroups } from './held-groups.ts';
import { type ListeningProcess, startListeningProcess } from './listening-process.ts';
import { type Pushgateway, type PushgatewayVersion, startPushgateway } from './pushgateway.ts';
import { type RedisServer, STATE_SERVERS, type StateServer, startRedis } from './redis-server.ts';
import { createScratch } from './scratch.ts';

/** Several gateways in processes of their own, their Redis and their Pushgateway, to be killed. */
export interface GatewaysStand extends AsyncDisposable {
  readonly gateways: readonly StandGateway[];
  pushgateway(): Pushgateway;
  redis(): RedisServer;
  /** Kills Redis, and starts one without data after `awayMs`. */
  loseRedis(awayMs: number): Promise<void>;
  /** Redis does not answer for so long. */
  hangRedis(ms: number): Promise<void>;
  /** Redis takes nothing more for so long. */
  fillRedis(ms: number): Promise<void>;
  /** Kills Pushgateway, which comes back with what it had written. */
  killPushgateway(awayMs: number): Promise<PushgatewayKill>;
}

/** What was known of Pushgateway when it was killed. */
export interface PushgatewayKill {
  readonly killedAt: number;
  /** Before which it takes no push again. */
  readonly backAt: number;
  /** What it came back with. */
  readonly held: HeldGroups;
}

/** A gateway that keeps its address and its name when it is started anew. */
export interface StandGateway {
  readonly url: string;
  readonly auditFile: string;
  adminUrl(): string;
  log(): readonly string[];
  kill(awayMs: number): Promise<void>;
  stop(): Promise<void>;
}

interface StandOptions {
  readonly version: PushgatewayVersion;
  readonly server: StateServer;
  readonly gateways: number;
  /** By name. */
  readonly teams: Readonly<Record<string, object>>;
}

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url));
/** How often Pushgateway writes its store to disk. */
const PERSISTENCE_MS = 300;

/** Starts Redis, Pushgateway, and the gateways at the same time. */
export async function startGatewaysStand(options: StandOptions): Promise<GatewaysStand> {
  await using stack = new AsyncDisposableStack();
  const scratch = stack.use(await createScratch());
  const file = join(scratch.path, 'store');
  const saving = {
    version: options.version,
    persistenceFile: file,
    args: ['--push.disable-consistency-check', `--persistence.interval=${PERSISTENCE_MS}ms`],
  };
  let pushgateway = await startPushgateway(saving);
  stack.defer(async () => void (await pushgateway.stop('SIGKILL')));
  const program = STATE_SERVERS[options.server];
  let redis = await startRedis({ program });
  stack.defer(() => redis.stop());
  const document = {
    listen: '127.0.0.1:%i', // each is named by its port
    admin: { listen: '127.0.0.1:0' },
    upstream: { url: pushgateway.url, timeout: '2s' },
    state: { url: redis.url },
    audit: { file: join(scratch.path, 'audit-%i.jsonl') },
    teams: options.teams,
  };
  const config = await scratch.write('pushwarden.yaml', JSON.stringify(document));
  const starting = Array.from({ length: options.gateways }, () =>
    startStandGateway(config, scratch.path),
  );
  const gateways = await Promise.all(starting);
  for (const gateway of gateways) stack.defer(() => gateway.stop());
  const owned = stack.move();
  const { port } = pushgateway;
  return {
    gateways,
    pushgateway: () => pushgateway,
    redis: () => redis,
    async loseRedis(awayMs) {
      await redis.stop('SIGKILL');
      await delay(awayMs);
      redis = await startRedis({ program, port: redis.port });
    },
    async hangRedis(ms) {
      const { pid } = redis;
      process.kill(pid, 'SIGSTOP');
      await delay(ms);
      process.kill(pid, 'SIGCONT');
    },
    async fillRedis(ms) {
      await redis.order('CONFIG SET maxmemory 1');
      await delay(ms);
      await redis.order('CONFIG SET maxmemory 0');
    },
    async killPushgateway(awayMs) {
      const killedAt = performance.now();
      await pushgateway.stop('SIGKILL');
      await copyFile(file, `${file}.seen`);
      const looked = await startPushgateway({ ...saving, persistenceFile: `${file}.seen` });
      const held = await readHeldGroups(looked);
      await looked.stop('SIGKILL');
      await delay(awayMs);
      const backAt = performance.now();
      pushgateway = await startPushgateway({ ...saving, port });
      return { killedAt, backAt, held };
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

async function startStandGateway(config: string, folder: string): Promise<StandGateway> {
  const name = String(await findFreePort());
  const log: string[] = [];
  let running: ListeningProcess<string>;
  const start = async (): Promise<void> => {
    running = await startListeningProcess({
      command: process.execPath,
      args: [MAIN, 'serve', '--config', config, '--instance', name],
      ready: ({ msg, admin }) => (msg === 'ready' ? String(admin) : undefined),
    });
  };
  await start();
  return {
    url: `http://127.0.0.1:${name}`,
    auditFile: join(folder, `audit-${name}.jsonl`),
    adminUrl: () => running.ready,
    log: () => [...log, ...running.log],
    async kill(awayMs) {
      await running.stop('SIGKILL');
      log.push(...running.log, 'killed');
      await delay(awayMs);
      await start();
    },
    stop: async () => void (await running.stop('SIGTERM')),
  };
}
