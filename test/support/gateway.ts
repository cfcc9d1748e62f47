import { readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { composeGateway } from '../../src/compose/compose.ts';
import { renderProblem } from '../../src/config/engine/problem.ts';
import { loadConfig } from '../../src/config/load.ts';
import type { AuditRecord } from '../../src/core/audit/audit-record.ts';
import type { OperationalLog } from '../../src/pipeline/ports.ts';
import { type LogRecord, type ProcessEnd, startListeningProcess } from './listening-process.ts';
import { createScratch, type Scratch } from './scratch.ts';

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url));

/** What the gateway logs is asserted where the log itself is tested. */
const SILENT: OperationalLog = { info() {}, warn() {}, error() {} };

/** The configuration file as an object, without what every test has the same. */
export type GatewayDocument = Readonly<Record<string, unknown>> & {
  readonly upstream: Readonly<Record<string, unknown>>;
  readonly teams: Readonly<Record<string, unknown>>;
};

/** The same with several upstreams. */
export type SeveralDocument = Readonly<Record<string, unknown>> & {
  readonly upstreams: Readonly<Record<string, unknown>>;
  readonly teams: Readonly<Record<string, unknown>>;
};

/** A gateway on free loopback ports. */
export interface TestGateway extends AsyncDisposable {
  readonly url: string;
  readonly port: number;
  readonly adminUrl: string;
  /** Every record of the audit log so far. */
  auditRecords(): Promise<readonly AuditRecord[]>;
}

/** A gateway in a process of its own. */
export interface GatewayProcess extends TestGateway {
  readonly pid: number;
  /** Path of its configuration file. */
  readonly configFile: string;
  /** Lines of stderr so far. */
  readonly log: readonly string[];
  readonly ended: Promise<ProcessEnd>;
  stop(signal?: NodeJS.Signals): Promise<ProcessEnd>;
}

/** Starts a gateway in this process, from a configuration file as an operator writes it. */
export async function startGateway(
  document: GatewayDocument | SeveralDocument,
): Promise<TestGateway> {
  await using stack = new AsyncDisposableStack();
  const scratch = stack.use(await createScratch());
  const configFile = await writeConfig(scratch, document);
  const load = async () => {
    const loaded = await loadConfig(configFile, { now: Date.now() });
    return loaded.ok
      ? loaded
      : ({ ok: false, problems: loaded.problems.map(renderProblem) } as const);
  };
  const loaded = await load();
  if (!loaded.ok) throw new Error(loaded.problems.join('\n'));
  const gateway = await composeGateway(loaded.config, { log: SILENT, load });
  stack.defer(async () => void (await gateway.close('end of the test')));
  const owned = stack.move();
  return {
    ...addresses(gateway.listenUrl, gateway.adminUrl),
    auditRecords: () => readAudit(scratch),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/**
 * Starts `serve --config` in a child process and waits until it is ready.
 * @param main - left out: the sources
 */
export async function startGatewayProcess(
  document: GatewayDocument | SeveralDocument,
  env: NodeJS.ProcessEnv = process.env,
  args: readonly string[] = [],
  main: string = MAIN,
): Promise<GatewayProcess> {
  await using stack = new AsyncDisposableStack();
  const scratch = stack.use(await createScratch());
  const configFile = await writeConfig(scratch, document);
  const child = stack.use(
    await startListeningProcess({
      command: process.execPath,
      args: [main, 'serve', '--config', configFile, ...args],
      env,
      ready: readyAddresses,
    }),
  );
  const owned = stack.move();
  return {
    ...addresses(child.ready.listen, child.ready.admin),
    pid: child.pid,
    configFile,
    log: child.log,
    ended: child.ended,
    stop: child.stop,
    auditRecords: () => readAudit(scratch),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** JSON is YAML. */
function writeConfig(
  scratch: Scratch,
  document: GatewayDocument | SeveralDocument,
): Promise<string> {
  const file = {
    listen: '127.0.0.1:0',
    admin: { listen: '127.0.0.1:0' },
    audit: { file: 'audit.jsonl', sync: 'none' },
    ...document,
  };
  return scratch.write('pushwarden.yaml', JSON.stringify(file, null, 2));
}

/**
 * Both logs once nothing more comes: a refusal is answered without anybody waiting for its record.
 * A log that never rests is read as it is then.
 */
async function readAudit(scratch: Scratch): Promise<readonly AuditRecord[]> {
  let records = await readLogs(scratch);
  for (let look = 0; look < 20; look += 1) {
    await delay(100);
    const before = records.length;
    records = await readLogs(scratch);
    if (records.length === before) break;
  }
  return records;
}

/** In the order of their times; of unknown callers only what was decided about them. */
async function readLogs(scratch: Scratch): Promise<readonly AuditRecord[]> {
  const [known, unknown] = await Promise.all([
    readRecords(`${scratch.path}/audit.jsonl`),
    readRecords(`${scratch.path}/audit.unknown.jsonl`),
  ]);
  const refusals = unknown.filter(({ event }) => event === 'decision' || event === 'aggregate');
  return [...known, ...refusals].sort((a, b) => (a.time < b.time ? -1 : Number(a.time > b.time)));
}

async function readRecords(file: string): Promise<readonly AuditRecord[]> {
  const text = await readFile(file, 'utf8');
  return text.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line)]));
}

function addresses(url: string, adminUrl: string | undefined) {
  return { url, port: Number(new URL(url).port), adminUrl: adminUrl ?? '' };
}

function readyAddresses({ msg, listen, admin }: LogRecord) {
  if (msg !== 'ready' || typeof listen !== 'string') return undefined;
  return { listen, admin: typeof admin === 'string' ? admin : undefined };
}
