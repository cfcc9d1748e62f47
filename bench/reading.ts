import { execFile } from 'node:child_process';
import { setTimeout as wait } from 'node:timers/promises';
import { Agent } from 'undici';
import { startGatewayProcess } from '../test/support/gateway.ts';
import { startPushgateway } from '../test/support/pushgateway.ts';
import { createScratch } from '../test/support/scratch.ts';
import { tokenCredential } from '../test/support/test-credential.ts';
import { fillStore } from './support/fill-store.ts';
import { readProcessCost } from './support/process-cost.ts';
import { percentile } from './support/statistics.ts';

/**
 * How late pushes are while a store is read: a push every few milliseconds to one of its groups, in
 * turns with nothing beside them, with curl that lists or scrapes the store, and with the gateway
 * that reads it whole, as it does when somebody else has changed it, or looks at it, as it does every
 * 15 s. What a push is later beside the gateway's reading than beside curl is the gateway's part.
 *
 * `npm run bench -- reading [GROUPS] [SERIES] [ROUNDS] [SECONDS]`, series of each group
 */
const [groups = 10_000, series = 5, rounds = 3, seconds = 8] = process.argv.slice(2).map(Number);
const PAUSE_MS = 5;
const PATH = '/metrics/job/bench/instance/';
const BODY = Array.from({ length: series }, (_, at) => `bench_rows{part="${at}"} 1\n`).join('');
const PUSHED = 'bench_pushed 1\n';
const TOKEN = tokenCredential('bench');
const WARM_SECONDS = 15;
const LOOKED_FOR_SECONDS = 32;

interface Latencies {
  /** Milliseconds, and when the push began. */
  readonly pushes: { readonly at: number; readonly took: number }[];
  readonly refused: number;
  /** How often what was done beside them was done. */
  readonly times: number;
}

await using stack = new AsyncDisposableStack();
const scratch = stack.use(await createScratch());
const upstream = stack.use(
  await startPushgateway({ version: '1.11', args: ['--push.disable-consistency-check'] }),
);
await fillStore(upstream.url, { path: PATH, body: BODY, groups }, scratch);
// the janitor reads the store before it says that this one is too old
await (await fetch(`${upstream.url}/metrics/job/old`, { method: 'PUT', body: PUSHED })).text();
const most = 1_000_000_000;
const limits = { rate: '1000000/s', burst: 1_000_000, groups: most };
const gateway = stack.use(
  await startGatewayProcess({
    upstream: { url: upstream.url },
    teams: {
      bench: {
        jobs: ['bench'],
        limits: { ...limits, total_series: most, total_bytes: '64GiB' },
        credentials: [TOKEN.spec],
      },
      old: { jobs: ['old'], group_ttl: '1s', credentials: [tokenCredential('old').spec] },
    },
    janitor: { every: '24h', dry_run: true },
  }),
);
const agent = new Agent({ connections: 4 });
stack.defer(() => agent.close());

const BESIDE: Readonly<Record<string, () => Promise<unknown>>> = {
  nothing: () => wait(200),
  'curl, listing': () => curl('/api/v1/metrics'),
  'gateway, reading': readAnew,
  'curl, scrape': () => curl('/metrics'),
};

await pushBeside(() => wait(200), WARM_SECONDS);
await pushBeside(readAnew, WARM_SECONDS / 3);
const measured = new Map<string, Latencies[]>();
for (let round = 0; round < rounds; round += 1) {
  for (const [beside, work] of Object.entries(BESIDE)) {
    note(beside, await pushBeside(work, seconds));
  }
}
const looks = await pushDuringLooks();
note('gateway, look', looks);
console.table([...measured].map(describe));
console.log(
  `resident at the end: ${Math.round(readProcessCost(gateway.pid).residentBytes / 1024 ** 2)} MiB`,
);

function note(beside: string, latencies: Latencies): void {
  measured.set(beside, [...(measured.get(beside) ?? []), latencies]);
}

function describe([beside, runs]: readonly [string, readonly Latencies[]]) {
  const of = (share: number): number =>
    percentile(
      runs.map(({ pushes }) =>
        percentile(
          pushes.map(({ took }) => took),
          share,
        ),
      ),
      0.5,
    );
  return {
    beside,
    times: runs.reduce((sum, { times }) => sum + times, 0),
    pushes: runs.reduce((sum, { pushes }) => sum + pushes.length, 0),
    'p50 ms': of(0.5).toFixed(1),
    'p90 ms': of(0.9).toFixed(1),
    'p99 ms': of(0.99).toFixed(1),
    refused: runs.reduce((sum, { refused }) => sum + refused, 0),
  };
}

/** Does something again and again, and pushes meanwhile. */
async function pushBeside(work: () => Promise<unknown>, duration: number): Promise<Latencies> {
  const end = performance.now() + duration * 1000;
  let times = 0;
  const repeat = async (): Promise<void> => {
    while (performance.now() < end) {
      await work();
      times += 1;
    }
  };
  const repeated = repeat();
  let isOver = false;
  void repeated.then(() => {
    isOver = true;
  });
  const { pushes, refused } = await pushUntil(() => isOver);
  await repeated;
  return { pushes, refused, times };
}

async function pushUntil(isOver: () => boolean): Promise<Omit<Latencies, 'times'>> {
  const pushes: { at: number; took: number }[] = [];
  let refused = 0;
  for (let next = 0; !isOver(); next += 7919) {
    const at = performance.now();
    if ((await pushOnce(next % groups)) > 202) refused += 1;
    pushes.push({ at, took: performance.now() - at });
    await wait(PAUSE_MS);
  }
  return { pushes, refused };
}

async function pushOnce(group: number): Promise<number> {
  const { statusCode, body } = await agent.request({
    ...{ origin: gateway.url, path: `${PATH}${group}`, method: 'POST' },
    headers: { authorization: TOKEN.authorization },
    body: PUSHED,
  });
  await body.dump();
  return statusCode;
}

/** Those of the pushes that a look of the gateway's was beside. */
async function pushDuringLooks(): Promise<Latencies> {
  const looks: { from: number; to: number }[] = [];
  let before = await lookSeconds();
  const end = performance.now() + LOOKED_FOR_SECONDS * 1000;
  const watch = async (): Promise<void> => {
    while (performance.now() < end) {
      await wait(500);
      const now = await lookSeconds();
      const to = performance.now();
      if (now > before) looks.push({ from: to - 500 - (now - before) * 1000, to });
      before = now;
    }
  };
  const watched = watch();
  const { pushes, refused } = await pushUntil(() => performance.now() > end);
  await watched;
  const beside = pushes.filter(({ at, took }) =>
    looks.some(({ from, to }) => at + took > from && at < to),
  );
  return { pushes: beside, refused, times: looks.length };
}

/** How long all looks together have taken. */
async function lookSeconds(): Promise<number> {
  const metrics = await (await fetch(`${gateway.adminUrl}/metrics`)).text();
  return Number(
    /^pushwarden_periodic_work_duration_seconds_sum\{work="poll"\} (\S+)/m.exec(metrics)?.[1] ?? 0,
  );
}

/** A dry run of the janitor reads the store anew. */
async function readAnew(): Promise<void> {
  const answer = await fetch(`${gateway.adminUrl}/-/janitor?dry_run=true`, { method: 'POST' });
  const said = await answer.text();
  if (!answer.ok || !said.includes('"due":1')) throw new Error(`the janitor says ${said}`);
}

function curl(path: string): Promise<unknown> {
  return new Promise((resolve, reject) => {
    execFile('curl', ['-sS', '-o', '/dev/null', upstream.url + path], (error) =>
      error ? reject(error) : resolve(undefined),
    );
  });
}
