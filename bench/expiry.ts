import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import pLimit from 'p-limit';
import { Agent, type Dispatcher } from 'undici';
import { startGatewayProcess } from '../test/support/gateway.ts';
import { startPushgateway } from '../test/support/pushgateway.ts';
import { createScratch } from '../test/support/scratch.ts';
import { tokenCredential } from '../test/support/test-credential.ts';
import { renderTable } from './support/markdown-table.ts';
import { median } from './support/measure.ts';
import { percentile, renderSpread } from './support/statistics.ts';

/**
 * What it does to the pushes of others when the janitor has many groups to delete: beside nothing,
 * beside the janitor, and beside a curl that deletes as many groups at the rate that the janitor
 * reached, through the gateway and past it. In turns, each round begins with another, always with
 * the same gateway. Fails when the janitor adds more than 5 ms to the 99th percentile beyond what the
 * cheaper curl adds.
 *
 * `npm run bench -- expiry [GROUPS] [ROUNDS] [DELETES A SECOND]`
 */
const [groups = 10_000, rounds = 2, rate = 500] = process.argv.slice(2).map(Number);
const MOST_ADDED_MS = 5;
const PUSHERS = 4;
const PAUSE_MS = 5;
const FILL_AT_ONCE = 32;
const QUIET_MS = 15_000;
const TTL_MS = 1000;
/** What the fill leaves behind is done by then, and what it stored is due. */
const SETTLE_MS = TTL_MS + 2000;
const BODY = ['a', 'b', 'c', 'd', 'e'].map((part) => `bench_rows{part="${part}"} 1\n`).join('');
const TOKEN = tokenCredential('bench');
const WAYS = ['nothing', 'janitor', 'curl, through', 'curl, past'] as const;

type Way = (typeof WAYS)[number];

interface Round {
  readonly latencies: readonly number[];
  readonly deletesPerSecond: number;
}

await using stack = new AsyncDisposableStack();
const scratch = stack.use(await createScratch());
const pushgateway = stack.use(
  await startPushgateway({ version: '1.11', args: ['--push.disable-consistency-check'] }),
);
const most = 1_000_000_000;
const gateway = stack.use(
  await startGatewayProcess({
    upstream: { url: pushgateway.url },
    audit: { file: 'audit.jsonl' },
    janitor: { every: '24h', rate: `${rate}/s` },
    teams: {
      bench: {
        ...{ jobs: ['due', 'honest'], allow: ['push', 'delete'] },
        group_ttl: [{ jobs: ['due'], ttl: `${TTL_MS / 1000}s` }],
        limits: {
          ...{ rate: '1000000/s', burst: 1_000_000, concurrent: 10_000 },
          ...{ groups: most, total_series: most, total_bytes: '64GiB' },
        },
        credentials: [TOKEN.spec],
      },
    },
  }),
);
const agent = new Agent({ connections: FILL_AT_ONCE });
stack.defer(() => agent.close());
const WORK: Readonly<Record<Way, () => Promise<unknown>>> = {
  nothing: () => delay(QUIET_MS),
  janitor: async () => {
    const answer = await fetch(`${gateway.adminUrl}/-/janitor`, { method: 'POST' });
    await answer.arrayBuffer();
  },
  'curl, through': () => deleteByCurl(gateway.url),
  'curl, past': () => deleteByCurl(pushgateway.url),
};
const measured = new Map<Way, Round[]>(WAYS.map((way) => [way, []]));
let reached = rate;
// Counts for nothing: it warms the gateway up, and tells how fast curl has to be.
await measureBeside('janitor');
for (let round = 0; round < rounds; round += 1) {
  const turn = round % WAYS.length;
  for (const way of [...WAYS.slice(turn), ...WAYS.slice(0, turn)]) {
    measured.get(way)?.push(await measureBeside(way));
  }
}
const p99 = (way: Way): number =>
  median(measured.get(way) ?? [], ({ latencies }) => percentile(latencies, 0.99));
console.log(renderTable(WAYS.map(describe)));
const curl = Math.min(p99('curl, through'), p99('curl, past'));
if (p99('janitor') > curl + MOST_ADDED_MS) {
  console.error(`the janitor adds ${(p99('janitor') - curl).toFixed(1)} ms to the p99`);
  process.exitCode = 1;
}

async function measureBeside(way: Way): Promise<Round> {
  if (way !== 'nothing') await fill();
  await delay(SETTLE_MS);
  const latencies: number[] = [];
  let isOver = false;
  const pushers = Array.from({ length: PUSHERS }, async (_, index) => {
    while (!isOver) {
      latencies.push(await push(`/metrics/job/honest/instance/${index}`));
      await delay(PAUSE_MS);
    }
  });
  const began = performance.now();
  try {
    await WORK[way]();
  } finally {
    isOver = true;
  }
  const seconds = (performance.now() - began) / 1000;
  await Promise.all(pushers);
  const deletesPerSecond = way === 'nothing' ? 0 : groups / seconds;
  if (way === 'janitor') reached = deletesPerSecond;
  await assertGone();
  return { latencies, deletesPerSecond };
}

async function deleteByCurl(url: string): Promise<void> {
  const config = await scratch.write(
    'delete.curl',
    [
      ...['silent', 'request = DELETE', `rate = ${Math.ceil(reached)}/s`],
      `header = "Authorization: ${TOKEN.authorization}"`,
      ...Array.from({ length: groups }, (_, index) => `url = ${url}${pathOf(index)}`),
    ].join('\n'),
  );
  const [code] = await once(spawn('curl', ['--config', config], { stdio: 'ignore' }), 'close');
  if (code !== 0) throw new Error(`curl ends with ${code}`);
}

async function fill(): Promise<void> {
  const atOnce = pLimit(FILL_AT_ONCE);
  await Promise.all(Array.from({ length: groups }, (_, at) => atOnce(() => push(pathOf(at)))));
}

async function assertGone(): Promise<void> {
  const answer = await fetch(`${pushgateway.url}/api/v1/metrics`);
  const { data }: { data: readonly { labels: { job: string } }[] } = JSON.parse(
    await answer.text(), // of Pushgateway, whose form is known
  );
  const left = data.filter(({ labels }) => labels.job === 'due').length;
  if (left > 0) throw new Error(`${left} groups are still there`);
}

/** @returns milliseconds until the answer */
async function push(path: string): Promise<number> {
  const began = performance.now();
  const answer: Dispatcher.ResponseData = await agent.request({
    ...{ origin: gateway.url, path, method: 'PUT', body: BODY },
    headers: { authorization: TOKEN.authorization },
  });
  const text = await answer.body.text();
  if (answer.statusCode > 202) throw new Error(`a push is answered ${text}`);
  return performance.now() - began;
}

function pathOf(index: number): string {
  return `/metrics/job/due/instance/${index}`;
}

function describe(way: Way): Record<string, string | number> {
  const rows = measured.get(way) ?? [];
  const at = (share: number): string =>
    median(rows, ({ latencies }) => percentile(latencies, share)).toFixed(1);
  const all = rows.map(({ latencies }) => percentile(latencies, 0.99));
  return {
    beside: way,
    'deletes/s': Math.round(median(rows, ({ deletesPerSecond }) => deletesPerSecond)),
    pushes: rows.reduce((sum, { latencies }) => sum + latencies.length, 0),
    'p50 ms': at(0.5),
    'p99 ms': at(0.99),
    spread: renderSpread(all, 1),
  };
}
