import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { CONTENT_TYPES } from '../src/core/exposition/media-type.ts';
import { startGatewayProcess } from '../test/support/gateway.ts';
import { fetchPrograms } from '../test/support/program.ts';
import { type Pushgateway, startPushgateway } from '../test/support/pushgateway.ts';
import { tokenCredential } from '../test/support/test-credential.ts';

/**
 * What memory the gateway takes while it joins the scrapes of two Pushgateways: of many families,
 * and of one very wide one. Half of the series are on each, and both have every family.
 *
 * `npm run bench -- merged-scrape [SERIES] [WIDEST]`
 */
const [series = 200_000, widest = 100_000] = process.argv.slice(2).map(Number);
const FAMILIES = 1000;
const GROUPS = 10;
const SCRAPES = 5;
const LOOK_EVERY_MS = 10;
/** After what a gateway reads at its start. */
const REST_MS = 3000;
const MIB = 1024 ** 2;
/** @see proc(5), `/proc/pid/status` */
const RESIDENT = /^VmRSS:\s+(\d+) kB$/m;
/** Of one series, in either format. */
const LEAST_BYTES = 40;
const READER = tokenCredential('prometheus');
const ACCEPTED = { text: 'text/plain; version=0.0.4', protobuf: CONTENT_TYPES.protobuf };

if (!fetchPrograms(['pushgateway-1.11'])) throw new Error('Pushgateway cannot be fetched');
const rows: Record<string, string | number>[] = [];
for (const [families, total] of [
  [FAMILIES, series],
  [1, widest],
] as const) {
  for (const accept of ['text', 'protobuf'] as const) {
    rows.push(await measureOne(families, total, accept));
  }
}
console.table(rows);

async function measureOne(families: number, total: number, accept: keyof typeof ACCEPTED) {
  await using stack = new AsyncDisposableStack();
  const args = ['--push.disable-consistency-check'];
  const start = async (name: string): Promise<Pushgateway> => {
    const pushgateway = stack.use(await startPushgateway({ version: '1.11', args }));
    await fill(pushgateway, name, families, total / 2);
    return pushgateway;
  };
  const [a, b] = [await start('a'), await start('b')];
  const upstream = { timeout: '60s' };
  const gateway = stack.use(
    await startGatewayProcess({
      upstreams: { a: { ...upstream, url: a.url }, b: { ...upstream, url: b.url } },
      teams: { prometheus: { jobs: ['*'], allow: ['read'], credentials: [READER.spec] } },
    }),
  );
  while (!(await fetch(`${gateway.url}/-/ready`)).ok) await delay(LOOK_EVERY_MS);
  await delay(REST_MS);
  const readResident = (): number => {
    const [, kib = 0] = readFileSync(`/proc/${gateway.pid}/status`, 'utf8').match(RESIDENT) ?? [];
    return Number(kib) / 1024;
  };
  const rest = readResident();
  let peak = rest;
  const looking = setInterval(() => {
    peak = Math.max(peak, readResident());
  }, LOOK_EVERY_MS);
  const took: number[] = [];
  let bytes = 0;
  for (let scrape = 0; scrape < SCRAPES; scrape += 1) {
    const began = performance.now();
    const headers = { authorization: READER.authorization, accept: ACCEPTED[accept] };
    const answer = await fetch(`${gateway.url}/metrics`, { headers });
    if (!answer.ok) throw new Error(await answer.text());
    bytes = 0;
    for await (const chunk of answer.body ?? []) bytes += chunk.length;
    took.push(performance.now() - began);
    if (bytes < total * LEAST_BYTES) throw new Error('a Pushgateway was left out: one more time');
  }
  clearInterval(looking);
  return {
    series: total,
    families,
    format: accept,
    'scrape, MiB': (bytes / MIB).toFixed(1),
    'seconds, at most': (Math.max(...took) / 1000).toFixed(1),
    'at rest, MiB': rest.toFixed(0),
    'peak, MiB': peak.toFixed(0),
    'more, MiB': (peak - rest).toFixed(0),
  };
}

/** Past the gateway, before it is there. */
async function fill(
  { url }: Pushgateway,
  job: string,
  families: number,
  count: number,
): Promise<void> {
  const perFamily = count / GROUPS / families;
  for (let group = 0; group < GROUPS; group += 1) {
    const lines: string[] = [];
    for (let family = 0; family < families; family += 1) {
      for (let row = 0; row < perFamily; row += 1) {
        lines.push(`batch_rows_${family}{row="${row}",kind="${row % 7}"} ${row}\n`);
      }
    }
    const target = `${url}/metrics/job/${job}/instance/${group}`;
    const { ok } = await fetch(target, { method: 'PUT', body: lines.join('') });
    if (!ok) throw new Error('it cannot be filled');
  }
}
