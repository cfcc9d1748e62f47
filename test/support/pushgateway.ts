import { listeningOn, type ProcessEnd, startListeningProcess } from './listening-process.ts';
import { findProgram, type ProgramName, programVersion } from './program.ts';

/** The Pushgateways that tests run against, oldest first. */
export const PUSHGATEWAYS = ['1.5', '1.11'] as const;
export type PushgatewayVersion = (typeof PUSHGATEWAYS)[number];

/** A real Pushgateway on a free loopback port, its store in memory, its admin API on. */
export interface Pushgateway extends AsyncDisposable {
  readonly url: string;
  readonly port: number;
  readonly pid: number;
  /** As the program reports it, such as `1.11.2`. */
  readonly version: string;
  /** What is stored, through `/api/v1/metrics`. */
  groups(): Promise<readonly StoredGroup[]>;
  /** What Prometheus would get. */
  scrape(): Promise<{ readonly status: number; readonly body: string }>;
  /** Forgets every group. */
  wipe(): Promise<void>;
  stop(signal?: NodeJS.Signals): Promise<ProcessEnd>;
}

/** One group of the store. */
export interface StoredGroup {
  /** The grouping key, with the job. */
  readonly labels: Readonly<Record<string, string>>;
  /** Family names, without the two push time stamps. */
  readonly families: readonly string[];
  readonly lastPushSuccessful: boolean;
}

interface PushgatewayOptions {
  readonly version: PushgatewayVersion;
  /** Path prefix under which it serves everything, such as `/pg`. */
  readonly routePrefix?: string;
  /** Of this machine; 127.0.0.1 unless given. */
  readonly host?: string;
  /** Of one that was killed, to start it anew there; any free one unless given. */
  readonly port?: number;
  /** Where it keeps its store when it ends; in memory alone unless given. */
  readonly persistenceFile?: string;
  /** Added to the command line. */
  readonly args?: readonly string[];
}

/**
 * Why tests against a version cannot run here, for the `skip` of `node:test`; false when they can.
 */
export function pushgatewayMissing(version: PushgatewayVersion): string | false {
  return findProgram(programOf(version)) === undefined
    ? `Pushgateway ${version} is not here: "npm test" fetches it`
    : false;
}

/** Starts a Pushgateway and waits until it listens. */
export async function startPushgateway(options: PushgatewayOptions): Promise<Pushgateway> {
  const command = findProgram(programOf(options.version));
  if (command === undefined) throw new Error(String(pushgatewayMissing(options.version)));
  const child = await startListeningProcess({
    command,
    args: [
      `--persistence.file=${options.persistenceFile ?? ''}`,
      `--web.listen-address=${options.host ?? '127.0.0.1'}:${options.port ?? 0}`,
      '--web.enable-admin-api',
      '--log.format=json',
      ...(options.routePrefix ? [`--web.route-prefix=${options.routePrefix}`] : []),
      ...(options.args ?? []),
    ],
    ready: listeningOn,
  });
  const url = `http://${child.ready}${options.routePrefix ?? ''}`;
  return {
    url,
    port: Number(new URL(url).port),
    pid: child.pid,
    version: programVersion(programOf(options.version)),
    groups: () => listGroups(url),
    async scrape() {
      const answer = await fetch(`${url}/metrics`);
      return { status: answer.status, body: await answer.text() };
    },
    async wipe() {
      const { status } = await fetch(`${url}/api/v1/admin/wipe`, { method: 'PUT' });
      if (status !== 202) throw new Error(`wiping the Pushgateway answered ${status}`);
    },
    stop: child.stop,
    [Symbol.asyncDispose]: child[Symbol.asyncDispose],
  };
}

function programOf(version: PushgatewayVersion): ProgramName {
  return `pushgateway-${version}`;
}

interface MetricsAnswer {
  readonly data: readonly (Readonly<Record<string, unknown>> & {
    readonly labels: Readonly<Record<string, string>>;
    readonly last_push_successful: boolean;
  })[];
}

const NOT_PUSHED = new Set([
  'labels',
  'last_push_successful',
  'push_time_seconds',
  'push_failure_time_seconds',
]);

async function listGroups(url: string): Promise<readonly StoredGroup[]> {
  const answer = await fetch(`${url}/api/v1/metrics`);
  if (answer.status !== 200) throw new Error(`listing the groups answered ${answer.status}`);
  const { data } = (await answer.json()) as MetricsAnswer; // the format of Pushgateway's API v1
  return data.map((group) => ({
    labels: group.labels,
    families: Object.keys(group).filter((key) => !NOT_PUSHED.has(key)),
    lastPushSuccessful: group.last_push_successful,
  }));
}
