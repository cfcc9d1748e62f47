import { setTimeout as delay } from 'node:timers/promises';
import { type GatewayProcess, startGatewayProcess } from '../test/support/gateway.ts';
import { startPushgateway } from '../test/support/pushgateway.ts';
import { createScratch } from '../test/support/scratch.ts';
import { tokenCredential } from '../test/support/test-credential.ts';
import { createMemoryWatch } from './support/memory-watch.ts';

/**
 * Pushes, deletes, expiry, scoped and whole scrapes, and two restarts of the gateway. Fails when a
 * group is gone that was pushed to within its time, when one is kept that was due, which takes a run
 * of more than a minute to see, when a team reads a byte of the other, and when the last gateway takes
 * ever more memory. What fails while the gateway restarts is counted apart.
 *
 * `npm run bench -- soak [MINUTES]`
 */
const [minutes = 10] = process.argv.slice(2).map(Number);
const PARTS = 9;
/** Early, so that the last gateway runs long enough to see what memory it takes. */
const PARTS_BEFORE_A_RESTART: readonly number[] = [1, 2];
/** Of each team: so many that some are not pushed to for minutes. */
const GROUPS = 2000;
const PUSHERS = 4;
const PAUSE_MS = 30;
const LOOK_EVERY_MS = 1000;
const DELETE_SHARE = 0.05;
const TTL_SECONDS = 20;
const TTL_MS = TTL_SECONDS * 1000;
/** How late a group may go, also after a start: a run that is under way, a reading. */
const LATE_MS = 45_000;
const MAX_NAMED = 10;
/** A series of one team has its name in it, and that of the other nowhere. */
const TEAMS = ['alder', 'birch'] as const;
const CREDENTIALS = { alder: tokenCredential('alder'), birch: tokenCredential('birch') };
const ALL = tokenCredential('all');
const PROTOBUF =
  'application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited';
/** What a team reads, and in which form. */
const READS = [
  ['/metrics', 'text/plain'],
  ['/metrics', PROTOBUF],
  ['/api/v1/metrics', 'application/json'],
  ['/api/v1/groups', 'application/json'],
] as const;

type Team = (typeof TEAMS)[number];
type Method = 'DELETE' | 'POST' | 'PUT';

/** A group as Pushgateway's API tells it, as far as it is read here. */
interface ListedGroup {
  readonly labels: { readonly job: string };
  readonly push_time_seconds: { readonly metrics: readonly [{ readonly value: string }] };
}

await using stack = new AsyncDisposableStack();
const scratch = stack.use(await createScratch());
const pushgateway = stack.use(
  await startPushgateway({ version: '1.11', args: ['--push.disable-consistency-check'] }),
);
let gateway = await start('127.0.0.1:0');
stack.defer(() => gateway[Symbol.asyncDispose]());
let isRestarting = false;
let startedAt = Date.now();
let expiredBefore = 0;
const memory = createMemoryWatch();
/** When the last push was sent that was stored, by job; none after a delete. */
const pushedAt = new Map<string, number>();
/** Jobs with a push or delete under way, of which nothing can be said. */
const busy = new Set<string>();
const wrong: string[] = [];
const counts = { pushes: 0, deletes: 0, scoped: 0, whole: 0, failed: 0, failed_in_restart: 0 };
const began = performance.now();
const end = began + minutes * 60_000;

const pushers = Array.from({ length: PUSHERS }, () => repeat(PAUSE_MS, changeGroup));
await Promise.all([
  ...pushers,
  repeat(LOOK_EVERY_MS, scrape),
  repeat(LOOK_EVERY_MS, compare),
  watch(),
]);
const verdict = memory.judge();
if (!verdict.isFlat) wrong.push('the gateway takes ever more memory');
console.log(JSON.stringify(verdict));
for (const line of wrong.slice(0, MAX_NAMED)) console.error(line);
process.exitCode = wrong.length > 0 ? 1 : 0;

function start(listen: string): Promise<GatewayProcess> {
  const team = (name: Team) => ({
    jobs: [`${name}_*`],
    allow: ['push', 'delete', 'read'],
    limits: { groups: 5000 },
    group_ttl: `${TTL_SECONDS}s`,
    credentials: [CREDENTIALS[name].spec],
  });
  return startGatewayProcess({
    listen,
    upstream: { url: pushgateway.url },
    audit: { file: `${scratch.path}/audit.jsonl`, sync: 'none' },
    janitor: { every: '1s', rate: '100/s' },
    teams: {
      alder: team('alder'),
      birch: team('birch'),
      all: { jobs: ['*'], allow: ['read'], credentials: [ALL.spec] },
    },
  });
}

/** As an operator does it: the next one has the same address and the same audit log. */
async function restart(): Promise<void> {
  isRestarting = true;
  const { host } = new URL(gateway.url);
  await gateway.stop('SIGTERM');
  await gateway[Symbol.asyncDispose]();
  gateway = await start(host);
  startedAt = Date.now();
  isRestarting = false;
}

async function repeat(pauseMs: number, step: () => Promise<void>): Promise<void> {
  while (performance.now() < end) {
    await step();
    await delay(pauseMs);
  }
}

/** Pushes to a group or deletes it; some groups are pushed to often, others hardly. */
async function changeGroup(): Promise<void> {
  const team = Math.random() < 0.5 ? 'alder' : 'birch';
  const job = `${team}_${Math.floor(Math.random() ** 2 * GROUPS)}`;
  if (busy.has(job)) return;
  busy.add(job);
  if (Math.random() < DELETE_SHARE) await deleteGroup(team, job);
  else await push(team, job);
  busy.delete(job);
}

async function push(team: Team, job: string): Promise<void> {
  const sentAt = Date.now();
  const method = Math.random() < 0.5 ? 'PUT' : 'POST';
  const body = `rows ${sentAt}\nmore{x="\\",job=\\"${team}_1"} 1\n`;
  const answer = await ask(`/metrics/job/${job}`, CREDENTIALS[team].authorization, {
    method,
    body,
  });
  if (answer === undefined) return;
  counts.pushes += 1;
  pushedAt.set(job, sentAt);
}

async function deleteGroup(team: Team, job: string): Promise<void> {
  // one that failed may have been carried out
  pushedAt.delete(job);
  const { authorization } = CREDENTIALS[team];
  const answer = await ask(`/metrics/job/${job}`, authorization, { method: 'DELETE' });
  if (answer !== undefined) counts.deletes += 1;
}

async function scrape(): Promise<void> {
  for (const [team, other] of [TEAMS, TEAMS.toReversed()]) {
    for (const [path, accept] of READS) await readPart(path, accept, { team, other });
  }
  const whole = await ask('/metrics', ALL.authorization);
  if (whole === undefined) return;
  counts.whole += 1;
  for (const team of TEAMS) {
    if (isPushing(team) && !whole.includes(team)) wrong.push(`the whole scrape lacks ${team}`);
  }
}

async function readPart(
  path: string,
  accept: string,
  { team, other }: { readonly team: Team | undefined; readonly other: Team | undefined },
): Promise<void> {
  if (team === undefined || other === undefined) return;
  const wasPushing = isPushing(team);
  const text = await ask(path, CREDENTIALS[team].authorization, { accept });
  if (text === undefined) return;
  counts.scoped += 1;
  if (text.includes(other)) wrong.push(`${team} sees ${other} in ${path} as ${accept}`);
  if (wasPushing && !text.includes(team))
    wrong.push(`${team} sees nothing in ${path} as ${accept}`);
}

/** Whether groups of the team are there that will be for some time. */
function isPushing(team: Team): boolean {
  const since = Date.now() - TTL_MS / 2;
  return [...pushedAt].filter(([job, at]) => job.startsWith(team) && at > since).length > PUSHERS;
}

interface Question {
  readonly method?: Method;
  readonly body?: string;
  readonly accept?: string;
}

/** @returns the answer if it was done; when not, it is counted as failed */
async function ask(
  path: string,
  authorization: string,
  { accept = '*/*', ...request }: Question = {},
): Promise<string | undefined> {
  const beganInRestart = isRestarting;
  const text = await tryTo(gateway.url + path, { ...request, headers: { authorization, accept } });
  if (text !== undefined) return text;
  if (beganInRestart || isRestarting) counts.failed_in_restart += 1;
  else counts.failed += 1;
  return undefined;
}

async function tryTo(url: string, request: RequestInit): Promise<string | undefined> {
  try {
    const answer = await fetch(url, request);
    const text = await answer.text();
    return answer.ok ? text : undefined;
  } catch {
    return undefined;
  }
}

/** What Pushgateway holds beside what was pushed. */
async function compare(): Promise<void> {
  const before = new Map(pushedAt);
  const answer = await fetch(`${pushgateway.url}/api/v1/metrics`);
  const { data }: { data: readonly ListedGroup[] } = JSON.parse(await answer.text());
  const now = Date.now();
  findKept(data, now);
  findGone(data, before, now);
}

function findKept(groups: readonly ListedGroup[], now: number): void {
  if (isRestarting || now - startedAt < LATE_MS) return;
  for (const { labels, push_time_seconds } of groups) {
    const age = now - Number(push_time_seconds.metrics[0].value) * 1000;
    if (age > TTL_MS + LATE_MS) wrong.push(`${labels.job} is kept ${age} ms after a push`);
  }
}

function findGone(
  groups: readonly ListedGroup[],
  before: ReadonlyMap<string, number>,
  now: number,
): void {
  const stored = new Set(groups.map(({ labels }) => labels.job));
  for (const [job, at] of before) {
    const isChanged = busy.has(job) || pushedAt.get(job) !== at;
    if (stored.has(job) || isChanged || now - at >= TTL_MS) continue;
    wrong.push(`${job} is gone ${now - at} ms after a push`);
  }
}

async function watch(): Promise<void> {
  for (let part = 1; part <= PARTS; part += 1) {
    const next = began + ((end - began) * part) / PARTS;
    while (performance.now() < next) {
      await delay(Math.min(LOOK_EVERY_MS, next - performance.now()));
      const heap = readSample(await readMetrics(), 'nodejs_heap_size_used_bytes');
      await memory.look(gateway.pid, heap);
    }
    const metrics = await readMetrics();
    const expired = TEAMS.reduce(
      (sum, team) => sum + readSample(metrics, `pushwarden_expired_groups_total{team="${team}"}`),
      expiredBefore,
    );
    const foreign_changes = readSample(
      metrics,
      'pushwarden_foreign_changes_total{upstream="default"}',
    );
    const line = { part, foreign_changes, expired, ...counts, wrong: wrong.length };
    console.log(JSON.stringify(line));
    if (!PARTS_BEFORE_A_RESTART.includes(part)) continue;
    expiredBefore = expired;
    await restart();
  }
}

async function readMetrics(): Promise<string> {
  return await (await fetch(`${gateway.adminUrl}/metrics`)).text();
}

/** @returns 0 for one that has no series yet */
function readSample(metrics: string, series: string): number {
  const line = metrics.split('\n').find((text) => text.startsWith(`${series} `));
  return Number(line?.split(' ').at(-1) ?? 0);
}
