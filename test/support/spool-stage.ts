import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { eventually } from './eventually.ts';
import { type GatewayDocument, startGateway, type TestGateway } from './gateway.ts';
import { oneTeam, TOKEN } from './one-team.ts';
import { type Pushgateway, type PushgatewayVersion, startPushgateway } from './pushgateway.ts';
import { createScratch } from './scratch.ts';

const { authorization } = TOKEN;

/** A Pushgateway that can go away and come back on its port. */
export interface ComingAndGoing {
  /** The one that runs, or that ran last. */
  upstream(): Pushgateway;
  /** Ends it, by SIGKILL unless it shall save its store. */
  away(signal?: NodeJS.Signals): Promise<unknown>;
  /** Starts it anew. */
  back(): Promise<void>;
}

/** Starts one; the test stops it. */
export async function startComingAndGoing(
  t: TestContext,
  options: { readonly version: PushgatewayVersion; readonly persistenceFile?: string },
): Promise<ComingAndGoing> {
  let running = await startPushgateway(options);
  t.after(() => running.stop('SIGKILL'));
  const { port } = running;
  return {
    upstream: () => running,
    away: (signal = 'SIGKILL') => running.stop(signal),
    async back() {
      running = await startPushgateway({ ...options, port });
    },
  };
}

interface SpoolStage extends ComingAndGoing {
  readonly gateway: TestGateway;
  readonly document: GatewayDocument;
}

interface SpoolChange {
  readonly spool?: object;
  /** Added to the one team. */
  readonly team?: object;
  readonly janitor?: object;
  /** Whether Pushgateway has a file for its store, which it writes when it ends in time. */
  readonly saves?: true;
}

/** A gateway with a spool, before a Pushgateway that can go away and come back. */
export async function startSpoolStage(
  t: TestContext,
  version: PushgatewayVersion,
  { spool = {}, team = {}, janitor, saves }: SpoolChange = {},
): Promise<SpoolStage> {
  const scratch = await createScratch();
  t.after(() => scratch[Symbol.asyncDispose]());
  const persistenceFile = join(scratch.path, 'store');
  const coming = await startComingAndGoing(t, { version, ...(saves && { persistenceFile }) });
  const one = oneTeam({ url: coming.upstream().url, timeout: '2s' });
  const document = {
    ...one,
    teams: { payments: { ...Object(one.teams['payments']), ...team } },
    spool: { dir: join(scratch.path, 'spool'), ...spool },
    ...(janitor && { janitor }),
  };
  const gateway = await startGateway(document);
  t.after(() => gateway[Symbol.asyncDispose]());
  return { ...coming, gateway, document };
}

/** What came of a push or delete. */
interface Sent {
  readonly status: number;
  /** The header that says so. */
  readonly spooled: string | null;
  readonly text: string;
}

/** Pushes to a job, or deletes it. */
export async function send(
  { url }: Pick<TestGateway, 'url'>,
  method: string,
  path: string,
  body?: string,
  login = authorization,
): Promise<Sent> {
  const options = { method, headers: { authorization: login }, ...(body && { body }) };
  const answer = await fetch(`${url}/metrics/job/${path}`, options);
  const spooled = answer.headers.get('x-push-spooled');
  return { status: answer.status, spooled, text: await answer.text() };
}

/** The answer to what waits now. */
export const KEPT: Sent = { status: 202, spooled: 'true', text: '' };

/** The value of a series as a scrape has it; undefined: it is not there. */
export async function readValue(
  upstream: Pushgateway,
  series: string,
): Promise<string | undefined> {
  const { body } = await upstream.scrape();
  const line = body.split('\n').find((one) => one.startsWith(`${series} `));
  return line?.slice(series.length + 1);
}

/** Of every push and delete so far, by the audit log. */
export async function outcomesOf({
  auditRecords,
}: Pick<TestGateway, 'auditRecords'>): Promise<readonly unknown[]> {
  const records = await auditRecords();
  return records.flatMap((one) => (one.event === 'outcome' ? [one.status] : []));
}

/** The answer of the readiness probe. */
export async function askReady({ adminUrl }: Pick<TestGateway, 'adminUrl'>): Promise<string> {
  const answer = await fetch(`${adminUrl}/-/ready`);
  return `${answer.status} ${(await answer.text()).trim()}`;
}

/** Waits until Pushgateway is there and nothing waits for it. */
export async function drained({ adminUrl }: Pick<TestGateway, 'adminUrl'>): Promise<void> {
  await eventually('nothing waits', async () => {
    const metrics = await (await fetch(`${adminUrl}/metrics`)).text();
    const isReady = (await askReady({ adminUrl })) === '200 OK';
    return isReady && /^pushwarden_spool_bytes 0$/m.test(metrics) ? true : undefined;
  });
}
