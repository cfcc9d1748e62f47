import { readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { type GatewayProcess, startGatewayProcess } from '../test/support/gateway.ts';
import { startPushgateway } from '../test/support/pushgateway.ts';
import { createScratch } from '../test/support/scratch.ts';
import { tokenCredential } from '../test/support/test-credential.ts';

/**
 * Pushes, deletes, expiry, scoped and whole scrapes, and two restarts of the gateway. Fails when a
 * group is gone that was pushed to within its time, or one is kept that was due, which takes a run of
 * more than a minute to see; prints what memory the gateway takes. What fails while the gateway
 * restarts is counted apart.
 *
 * `npm run bench -- soak [MINUTES]`
 */
const [minutes = 10] = process.argv.slice(2).map(Number);
const PARTS = 9;
const PARTS_BEFORE_A_RESTART: readonly number[] = [3, 6];
const GROUPS = 400;
const PUSHERS = 4;
const PAUSE_MS = 30;
const LOOK_EVERY_MS = 1000;
const DELETE_SHARE = 0.05;
const TTL_SECONDS = 20;
const TTL_MS = TTL_SECONDS * 1000;
/** How late a group may go: a run that is under way, a reading, the start of the next gateway. */
const LATE_MS = 45_000;
const MAX_NAMED = 10;
const CI = tokenCredential('ci');
const ALL = tokenCredential('all');

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
let expiredBefore = 0;
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
for (const line of wrong.slice(0, MAX_NAMED)) console.error(line);
process.exitCode = wrong.length > 0 ? 1 : 0;

function start(listen: string): Promise<GatewayProcess> {
  const allow = ['push', 'delete', 'read'];
  const limits = { groups: 5000 };
  return startGatewayProcess({
    listen,
    upstream: { url: pushgateway.url },
    audit: { file: `${scratch.path}/audit.jsonl`, sync: 'none' },
    janitor: { every: '1s', rate: '100/s' },
    teams: {
      ci: {
        ...{ jobs: ['ci_*'], allow, limits, group_ttl: `${TTL_SECONDS}s` },
        credentials: [CI.spec],
      },
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
  const job = `ci_${Math.floor(Math.random() ** 2 * GROUPS)}`;
  if (busy.has(job)) return;
  busy.add(job);
  if (Math.random() < DELETE_SHARE) await deleteGroup(job);
  else await push(job);
  busy.delete(job);
}

async function push(job: string): Promise<void> {
  const sentAt = Date.now();
  const method = Math.random() < 0.5 ? 'PUT' : 'POST';
  const body = `rows ${sentAt}\nmore{x="1"} 1\n`;
  if (!(await ask(`/metrics/job/${job}`, CI.authorization, { method, body }))) return;
  counts.pushes += 1;
  pushedAt.set(job, sentAt);
}

async function deleteGroup(job: string): Promise<void> {
  // one that failed may have been carried out
  pushedAt.delete(job);
  if (await ask(`/metrics/job/${job}`, CI.authorization, { method: 'DELETE' })) counts.deletes += 1;
}

async function scrape(): Promise<void> {
  if (await ask('/metrics', CI.authorization)) counts.scoped += 1;
  if (await ask('/metrics', ALL.authorization)) counts.whole += 1;
}

/** @returns whether it was done; when not, it is counted as failed */
async function ask(
  path: string,
  authorization: string,
  request: { readonly method?: Method; readonly body?: string } = {},
): Promise<boolean> {
  const beganInRestart = isRestarting;
  if (await isDone(gateway.url + path, { ...request, headers: { authorization } })) return true;
  if (beganInRestart || isRestarting) counts.failed_in_restart += 1;
  else counts.failed += 1;
  return false;
}

async function isDone(url: string, request: RequestInit): Promise<boolean> {
  try {
    const answer = await fetch(url, request);
    await answer.arrayBuffer();
    return answer.ok;
  } catch {
    return false;
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
    await delay(Math.max(0, next - performance.now()));
    const metrics = await (await fetch(`${gateway.adminUrl}/metrics`)).text();
    const expired =
      expiredBefore + readCounter(metrics, 'pushwarden_expired_groups_total{team="ci"}');
    const foreign_changes = readCounter(metrics, 'pushwarden_foreign_changes_total');
    const rss_mib = await readMemory(gateway.pid);
    const line = { part, rss_mib, foreign_changes, expired, ...counts, wrong: wrong.length };
    console.log(JSON.stringify(line));
    if (!PARTS_BEFORE_A_RESTART.includes(part)) continue;
    expiredBefore = expired;
    await restart();
  }
}

/** @returns 0 for one that has no series yet */
function readCounter(metrics: string, series: string): number {
  const line = metrics.split('\n').find((text) => text.startsWith(`${series} `));
  return Number(line?.split(' ').at(-1) ?? 0);
}

async function readMemory(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  const [, kib] = /VmRSS:\s+(\d+)/.exec(status) ?? [];
  return Math.round(Number(kib) / 1024);
}
