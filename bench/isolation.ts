import { setTimeout as delay } from 'node:timers/promises';
import { startGatewayProcess } from '../test/support/gateway.ts';
import { fetchPrograms } from '../test/support/program.ts';
import { type Pushgateway, startPushgateway } from '../test/support/pushgateway.ts';
import { tokenCredential } from '../test/support/test-credential.ts';
import { percentile } from './support/statistics.ts';

/**
 * What the many series of one team cost the pushes of another: both on one Pushgateway, and each on
 * its own, with Pushgateway's own check of every push and without it. Somebody scrapes all meanwhile.
 *
 * `npm run bench -- isolation [SERIES] [SECONDS]`
 */
const [series = 300_000, seconds = 20] = process.argv.slice(2).map(Number);
const SERIES_PER_GROUP = 10_000;
const SCRAPE_EVERY_MS = 5000;
const UNCHECKED = ['--push.disable-consistency-check'];
const BODY = ['a', 'b', 'c', 'd', 'e'].map((part) => `small_rows{part="${part}"} 1\n`).join('');
const TEAMS = { wide: tokenCredential('wide'), small: tokenCredential('small') };
const READER = tokenCredential('prometheus');

if (!fetchPrograms(['pushgateway-1.11'])) throw new Error('Pushgateway cannot be fetched');
const rows: Record<string, string | number>[] = [];
for (const args of [[], UNCHECKED]) {
  for (const isShared of [true, false]) rows.push(await measureOne(args, isShared));
}
console.table(rows);

async function measureOne(args: readonly string[], isShared: boolean) {
  await using stack = new AsyncDisposableStack();
  const start = async (): Promise<Pushgateway> =>
    stack.use(await startPushgateway({ version: '1.11', args }));
  const first = await start();
  const second = isShared ? undefined : await start();
  const most = { groups: 1_000_000, total_series: 1_000_000_000, total_bytes: '64GiB' };
  const limits = { ...most, rate: '100000/s', burst: 100_000, body: '16MiB', decoded: '16MiB' };
  const team = (name: keyof typeof TEAMS) => {
    return { jobs: [name], limits, credentials: [TEAMS[name].spec] };
  };
  const upstream = { timeout: '60s' };
  const gateway = stack.use(
    await startGatewayProcess({
      upstreams: {
        a: { ...upstream, url: first.url },
        ...(second && { b: { ...upstream, url: second.url } }),
      },
      teams: {
        small: team('small'),
        wide: { ...team('wide'), ...(second && { upstream: 'b' }) },
        prometheus: { jobs: ['*'], allow: ['read'], credentials: [READER.spec] },
      },
    }),
  );
  await fill(gateway.url);
  const stopping = new AbortController();
  const scrapes = scrapeAll(gateway.url, stopping.signal);
  const took = await pushSmall(gateway.url);
  stopping.abort();
  const scrapeTimes = await scrapes;
  const at = (share: number): string => percentile(took, share).toFixed(1);
  return {
    'checked by Pushgateway': args.length === 0 ? 'yes' : 'no',
    'the two teams': isShared ? 'on one' : 'each on its own',
    'pushes of the small team': took.length,
    'median ms': at(0.5),
    'p99 ms': at(0.99),
    'slowest ms': Math.max(...took).toFixed(1),
    'scrape of all, s': (Math.max(...scrapeTimes) / 1000).toFixed(1),
  };
}

async function fill(url: string): Promise<void> {
  for (let group = 0; group * SERIES_PER_GROUP < series; group += 1) {
    const lines = Array.from({ length: SERIES_PER_GROUP }, (_, index) => {
      return `wide_rows{row="${index}",kind="${index % 7}"} ${index}\n`;
    });
    await put(`${url}/metrics/job/wide/instance/${group}`, 'wide', lines.join(''));
  }
}

/** Milliseconds of each push; one after another. */
async function pushSmall(url: string): Promise<readonly number[]> {
  const took: number[] = [];
  const end = performance.now() + seconds * 1000;
  for (let group = 0; performance.now() < end; group = (group + 1) % 10) {
    const began = performance.now();
    await put(`${url}/metrics/job/small/instance/${group}`, 'small', BODY);
    took.push(performance.now() - began);
  }
  return took;
}

async function put(url: string, team: keyof typeof TEAMS, body: string): Promise<void> {
  const headers = { authorization: TEAMS[team].authorization };
  const answer = await fetch(url, { method: 'PUT', headers, body });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${url}: ${text}`);
}

async function scrapeAll(url: string, signal: AbortSignal): Promise<readonly number[]> {
  const took: number[] = [];
  while (!signal.aborted) {
    const began = performance.now();
    const answer = await fetch(`${url}/metrics`, {
      headers: { authorization: READER.authorization },
    });
    await answer.arrayBuffer();
    took.push(performance.now() - began);
    await delay(SCRAPE_EVERY_MS, undefined, { signal }).catch(() => undefined);
  }
  return took;
}
