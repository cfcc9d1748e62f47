import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { after, before, describe, test } from 'node:test';
import { CONTENT_TYPES } from '../../src/core/exposition/media-type.ts';
import { type GatewayProcess, startGatewayProcess } from '../support/gateway.ts';
import { nativeHistogram } from '../support/native-histogram.ts';
import { type Pushgateway, pushgatewayMissing, startPushgateway } from '../support/pushgateway.ts';
import { runCli } from '../support/run-cli.ts';
import { tokenCredential } from '../support/test-credential.ts';

/** What `rebalance` moves, and how it is on the other side. */

const TOKEN = tokenCredential('payments');
const READER = tokenCredential('prometheus');
const HISTOGRAM = `# HELP h Seconds, "quoted" \\\\ and\\nbroken.
# TYPE h histogram
h_bucket{le="0.1"} 1
h_bucket{le="+Inf"} 9007199254740993
h_sum 0.30000000000000004
h_count 9007199254740993
# TYPE s summary
s{quantile="0.5"} NaN
s_sum -Inf
s_count 2
# HELP c_total Rows.
# TYPE c_total counter
c_total{zone="Zürich \\"東京\\" \\\\"} 1e-300
u 5e+22
`;

const PROTOBUF = CONTENT_TYPES.protobuf;

/** The answer of `GET /-/groups`. */
interface ListedGroups {
  readonly data: readonly { readonly job: string; readonly credential: string | null }[];
}

const skip = pushgatewayMissing('1.5') || pushgatewayMissing('1.11');

describe('rebalance', { skip }, () => {
  const stack = new AsyncDisposableStack();
  let old: Pushgateway;
  let recent: Pushgateway;
  let gateway: GatewayProcess;

  const document = (
    upstreams: Readonly<Record<string, unknown>>,
    upstream: string,
    groups = 6,
  ) => ({
    listen: '127.0.0.1:0',
    admin: { listen: '127.0.0.1:0' },
    audit: { file: 'audit.jsonl', sync: 'none' },
    upstreams,
    teams: {
      sweepers: {
        jobs: ['pay_*'],
        allow: ['delete'],
        limits: { groups },
        credentials: [tokenCredential('sweepers').spec],
      },
      payments: {
        jobs: ['pay_*'],
        allow: ['push', 'delete'],
        upstream,
        credentials: [TOKEN.spec],
      },
      prometheus: { jobs: ['*'], allow: ['read'], credentials: [READER.spec] },
    },
  });

  before(async () => {
    old = stack.use(await startPushgateway({ version: '1.5' }));
    recent = stack.use(await startPushgateway({ version: '1.11' }));
    gateway = stack.use(await startGatewayProcess(document(both(), 'a')));
  });
  after(() => stack.disposeAsync());

  const both = () => ({ a: { url: old.url }, b: { url: recent.url } });
  const reload = async (config: object): Promise<string> => {
    await writeFile(gateway.configFile, JSON.stringify(config));
    return await (await fetch(`${gateway.adminUrl}/-/reload`, { method: 'POST' })).text();
  };
  const push = async (target: string, body: string | Buffer, type?: string): Promise<void> => {
    const headers = { authorization: TOKEN.authorization, ...(type && { 'content-type': type }) };
    const url = `${gateway.url}/metrics/job${target}`;
    const answer = await fetch(url, { method: 'PUT', headers, body });
    assert.ok(answer.ok, await answer.text());
  };
  const scrape = async (accept = 'text/plain;version=0.0.4'): Promise<string> => {
    const headers = { authorization: READER.authorization, accept };
    const text = await (await fetch(`${gateway.url}/metrics`, { headers })).text();
    return text.replaceAll(/^push_time_seconds.*\n/gm, '');
  };
  const rebalance = async (query = '') => {
    const answer = await fetch(`${gateway.adminUrl}/-/rebalance${query}`, { method: 'POST' });
    const lines = (await answer.text()).trim().split('\n');
    const groups = lines.map((line) => JSON.parse(line));
    return { ...groups.pop(), groups };
  };
  const command = (...args: readonly string[]) =>
    runCli(['rebalance', '--admin', gateway.adminUrl, ...args]);
  const keysOf = async (pushgateway: Pushgateway) =>
    (await pushgateway.groups()).map(({ labels }) => JSON.stringify(labels)).sort();

  test('groups go to the new upstream of their team, and are there what they were', async () => {
    await push('/pay_a', HISTOGRAM);
    await push('@base64/cGF5XyDDvC9i/zone@base64/YS9i', '# TYPE g gauge\ng 1\n');
    await push('/pay_n/instance/x', nativeHistogram(4), CONTENT_TYPES.protobuf);
    const foreign = (path: string, body: string, method = 'PUT') =>
      fetch(`${old.url}/metrics/job${path}`, { method, ...(method !== 'DELETE' && { body }) });
    await foreign('/pay_f/empty@base64/=', '# TYPE g gauge\ng{zone=""} 2\n');
    await foreign('/nobodys', '# TYPE g gauge\ng 3\n');
    await foreign('/pay_e', '', 'POST');
    await foreign('/pay_bytes/a@base64/_y9h', 'bytes 1\n');
    await reload(document(both(), 'b'));
    const broken = await rebalance();
    assert.deepEqual([broken.status, broken.due, broken.kept], ['error', 5, 5]);
    assert.match(broken.ended_early, /^a: the scrape answers 500: pushwarden quarantine/);
    await foreign('/pay_bytes/a@base64/_y9h', '', 'DELETE');

    const dry = await command('--dry-run');
    assert.equal(dry.status, 0, dry.stderr);
    assert.match(dry.stdout, /^\/metrics\/job\/pay_a +sweepers +a +b +9$/m);
    assert.match(dry.stdout, /^5 lie elsewhere than where they belong, nothing was moved$/m);
    const [text, protobuf, keys] = [await scrape(), await scrape(PROTOBUF), await keysOf(old)];
    const run = await rebalance();
    assert.deepEqual([run.status, run.due, run.moved], ['success', 5, 5], JSON.stringify(run));
    const stays = '{"job":"nobodys"}';
    assert.deepEqual(await keysOf(old), [stays]);
    assert.deepEqual([...(await keysOf(recent)), stays].sort(), keys);
    assert.equal(await scrape(), text);
    // the times of pushes are those of the moves
    const beforeTimes = (scraped: string) => scraped.split('push_time_seconds')[0];
    assert.match(protobuf, /native_seconds/);
    assert.equal(beforeTimes(await scrape(PROTOBUF)), beforeTimes(protobuf));

    await push('/pay_a', '# TYPE g gauge\ng 7\n');
    assert.match((await recent.scrape()).body, /^g\{instance="",job="pay_a"\} 7$/m);
    assert.deepEqual((await rebalance()).due, 0);
    const groups = (await (await fetch(`${gateway.adminUrl}/-/groups`)).json()) as ListedGroups;
    const moved = groups.data.find(({ job }) => job === 'pay_n');
    assert.equal(moved?.credential, 'payments');
    const metrics = await (await fetch(`${gateway.adminUrl}/metrics`)).text();
    assert.match(metrics, /^pushwarden_moved_groups_total\{team="sweepers"\} 5$/m);
    assert.match(metrics, /^pushwarden_groups\{team="sweepers"\} 5$/m);
  });

  test('each move is in the audit log, with its end', async () => {
    const records = await gateway.auditRecords();
    const moves = records.filter(({ event }) => event === 'moved');
    assert.equal(moves.length, 5);
    for (const move of moves) {
      assert.ok(move.event === 'moved' && move.by === 'rebalance' && move.to === 'b');
      const end = records.find((one) => {
        return one.event === 'outcome' && one.request_id === move.request_id;
      });
      assert.ok(end?.event === 'outcome' && end.status === 200);
    }
    const file = gateway.configFile.replace(/[^/]+$/, 'audit.jsonl');
    const shown = await runCli(['audit', 'show', '--group', '/metrics/job/pay_a', file]);
    assert.match(shown.stdout, /sweepers\/\(rebalance\) .* moved .*pay_a +a to b, 9 series/);
    assert.equal((await runCli(['audit', 'verify', file])).status, 0);
  });

  test('of a group that both have, the one that was pushed to last is kept', async () => {
    const foreign = async ({ url }: Pushgateway, job: string, value: number) => {
      const body = `# TYPE both gauge\nboth ${value}\n`;
      await fetch(`${url}/metrics/job/${job}`, { method: 'PUT', body });
    };
    await foreign(old, 'pay_old', 1);
    await foreign(recent, 'pay_old', 2);
    await foreign(recent, 'pay_new', 1);
    await foreign(old, 'pay_new', 2);
    const run = await rebalance();
    assert.deepEqual([run.status, run.due, run.moved], ['success', 2, 2], JSON.stringify(run));
    assert.deepEqual(await keysOf(old), ['{"job":"nobodys"}']);
    assert.deepEqual((await scrape()).match(/^both.*/gm), [
      'both{instance="",job="pay_new"} 2',
      'both{instance="",job="pay_old"} 2',
    ]);
  });

  test('a Pushgateway that is to go loses what it has, and gets no more', async () => {
    const upstreams = { b: { urls: [recent.url, old.url] } };
    assert.match(await reload(document(upstreams, 'b', 100)), /reloaded/);
    for (let job = 0; job < 8; job += 1) await push(`/pay_${job}`, 'n 1\n');
    assert.ok((await keysOf(old)).length > 1 && (await keysOf(recent)).length > 7);
    const fewer = document({ b: { urls: [recent.url] } }, 'b', 100);
    assert.match(await reload(fewer), /still holds \d+ groups: .*--away-from b\/2/);
    const refusal = async (query: string) => {
      const answer = await fetch(`${gateway.adminUrl}/-/rebalance?${query}`, { method: 'POST' });
      return `${answer.status} ${await answer.text()}`;
    };
    assert.match(await refusal('away_from=c'), /^400 .*no Pushgateway c: b\/1, b\/2; nothing/);
    const all = await refusal('away_from=b/1&away_from=b/2&dry_run=false');
    assert.match(all, /^400 .*upstream b has no other Pushgateway.*; nothing was done$/m);
    const misspelt = await command('--away-from', 'b/3');
    assert.equal(misspelt.status, 1);
    assert.match(
      misspelt.stderr,
      /answers 400: away_from: there is no Pushgateway b\/3: b\/1, b\/2/,
    );
    const run = await command('--away-from', 'b/2', '--output', 'json');
    assert.equal(run.status, 0, run.stderr);
    const { due, moved } = JSON.parse(run.stdout);
    assert.equal(moved, due);
    assert.deepEqual(await old.groups(), []);
    for (let job = 8; job < 14; job += 1) await push(`/pay_${job}`, 'n 1\n');
    assert.deepEqual(await old.groups(), []);
    assert.match(await reload(fewer), /reloaded/);
    assert.equal((await scrape()).match(/^n\{/gm)?.length, 14);
  });
});
