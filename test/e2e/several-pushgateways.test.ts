import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { after, before, describe, test } from 'node:test';
import fc from 'fast-check';
import { CONTENT_TYPES } from '../../src/core/exposition/media-type.ts';
import { eventually } from '../support/eventually.ts';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { missingPrograms } from '../support/program.ts';
import { prometheusMissing, startPrometheus } from '../support/prometheus.ts';
import { type Pushgateway, pushgatewayMissing, startPushgateway } from '../support/pushgateway.ts';
import { tokenCredential } from '../support/test-credential.ts';

/** Teams of two Pushgateways, an old one and a new one, and who sees both. */

const TEAMS = {
  payments: tokenCredential('payments'),
  search: tokenCredential('search'),
  prometheus: tokenCredential('prometheus'),
  boards: tokenCredential('boards'),
  alder: tokenCredential('alder'),
  birch: tokenCredential('birch'),
};
type Team = keyof typeof TEAMS;

interface Pushed {
  readonly team: 'alder' | 'birch';
  readonly job: number;
  readonly family: string;
  readonly value: string;
}

/** Of a line of a group. */
const JOB = /[{,]job="/;

/** Advice on names is none of the format. */
function checkFormat(scrape: string): void {
  const options = { input: scrape, encoding: 'utf8' } as const;
  const { stdout, stderr } = spawnSync('promtool', ['check', 'metrics'], options);
  assert.doesNotMatch(stdout + stderr, /error|parsing|duplicate/i);
}

const skip =
  pushgatewayMissing('1.5') ||
  pushgatewayMissing('1.11') ||
  missingPrograms(['promtool-2']) ||
  prometheusMissing('3');

describe('teams of several Pushgateways', { skip }, () => {
  const stack = new AsyncDisposableStack();
  let old: Pushgateway;
  let recent: Pushgateway;
  let gateway: TestGateway;

  before(async () => {
    old = stack.use(await startPushgateway({ version: '1.5' }));
    recent = stack.use(await startPushgateway({ version: '1.11' }));
    const team = (name: Team, upstream?: string) => ({
      jobs: [`${name}_*`],
      allow: ['push', 'read', 'delete'],
      ...(upstream && { upstream }),
      credentials: [TEAMS[name].spec],
    });
    gateway = stack.use(
      await startGateway({
        upstreams: { a: { url: old.url }, b: { url: recent.url } },
        teams: {
          payments: { ...team('payments'), limits: { groups: 3 } },
          search: team('search', 'b'),
          alder: team('alder', 'a'),
          birch: team('birch', 'b'),
          boards: { ...team('boards'), jobs: ['payments_*', 'search_*'], allow: ['read'] },
          prometheus: { ...team('prometheus'), jobs: ['*'], allow: ['read', 'delete'] },
        },
      }),
    );
  });
  after(() => stack.disposeAsync());

  const ask = async (team: Team, path: string, init: RequestInit = {}) => {
    const headers = { authorization: `Bearer ${TEAMS[team].secret}`, ...init.headers };
    const answer = await fetch(`${gateway.url}${path}`, { ...init, headers });
    return {
      status: answer.status,
      type: answer.headers.get('content-type'),
      text: await answer.text(),
    };
  };
  const push = (team: Team, job: string, body: string) =>
    ask(team, `/metrics/job/${job}`, { method: 'POST', body });
  const scrape = async (team: Team, path = '/metrics') => (await ask(team, path)).text;
  const jobsOf = async (pushgateway: Pushgateway) =>
    (await pushgateway.groups()).map(({ labels }) => labels['job']).sort();
  const series = (text: string) =>
    text
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#') && !line.startsWith('push_'));

  test('a push goes to the Pushgateway of its team, and a family is once in the whole scrape', async () => {
    await push(
      'payments',
      'payments_a',
      '# HELP rows Rows.\n# TYPE rows gauge\nrows{x="1"} 1\nrows{x="2"} 2\n',
    );
    await push('search', 'search_a', '# TYPE rows gauge\nrows{x="1"} 3\n');
    await push('search', 'search_b', '# TYPE only counter\nonly 4\n');
    await push(
      'payments',
      'payments_h',
      '# TYPE h histogram\nh_bucket{le="1"} 1\nh_bucket{le="+Inf"} 2\nh_sum 3\nh_count 2\n',
    );
    await push(
      'search',
      'search_h',
      '# TYPE h histogram\nh_bucket{le="1"} 1\nh_bucket{le="+Inf"} 5\nh_sum 3\nh_count 5\n',
    );
    assert.deepEqual(await jobsOf(old), ['payments_a', 'payments_h']);
    assert.deepEqual(await jobsOf(recent), ['search_a', 'search_b', 'search_h']);
    const whole = await scrape('prometheus');
    assert.deepEqual(series(whole), [
      'h_bucket{instance="",job="payments_h",le="1"} 1',
      'h_bucket{instance="",job="payments_h",le="+Inf"} 2',
      'h_sum{instance="",job="payments_h"} 3',
      'h_count{instance="",job="payments_h"} 2',
      'h_bucket{instance="",job="search_h",le="1"} 1',
      'h_bucket{instance="",job="search_h",le="+Inf"} 5',
      'h_sum{instance="",job="search_h"} 3',
      'h_count{instance="",job="search_h"} 5',
      'only{instance="",job="search_b"} 4',
      'rows{instance="",job="payments_a",x="1"} 1',
      'rows{instance="",job="payments_a",x="2"} 2',
      'rows{instance="",job="search_a",x="1"} 3',
    ]);
    assert.equal(whole.match(/^# TYPE rows gauge$/gm)?.length, 1);
    assert.match(whole, /^# HELP rows Rows\.$/m);
    checkFormat(whole);
  });

  test('what Pushgateways say of themselves is only in what is asked of one', async () => {
    assert.doesNotMatch(await scrape('prometheus'), /pushgateway_build_info|^go_/m);
    const one = await scrape('prometheus', '/metrics?upstream=b');
    assert.match(one, /^pushgateway_build_info\{.*version="1\.11/m);
    assert.match(one, /^only\{/m);
    assert.doesNotMatch(one, /payments_a/);
    assert.doesNotMatch(await scrape('search', '/metrics?upstream=a'), /payments|pushgateway_/);
    const unknown = await ask('prometheus', '/metrics?upstream=c');
    assert.equal(unknown.status, 404);
    assert.match(unknown.text, /no upstream "c"[\s\S]*upstreams: a, b/);
    assert.doesNotMatch(await scrape('search', '/metrics?upstream=c'), /a, b/);
  });

  test('a family has one type in both, and a quota is that of a team', async () => {
    const clash = await push('search', 'search_c', '# TYPE rows counter\nrows 1\n');
    assert.equal(clash.status, 400);
    assert.match(clash.text, /metric "rows" is stored as gauge, not counter/);
    assert.equal((await push('payments', 'payments_c', 'one 1\n')).status, 200);
    assert.match((await push('payments', 'payments_d', 'one 1\n')).text, /group_quota_exceeded/);
    await ask('payments', '/metrics/job/payments_c', { method: 'DELETE' });
  });

  test('protobuf, gzip, listing and groups are those of both', async () => {
    const { type, text } = await ask('prometheus', '/metrics', {
      headers: { accept: CONTENT_TYPES.protobuf },
    });
    assert.match(String(type), /encoding=delimited/);
    assert.equal(text.match(/search_a|payments_a/g)?.length, 4 + 3);
    const headers = {
      authorization: `Bearer ${TEAMS.prometheus.secret}`,
      'accept-encoding': 'gzip',
    };
    const zipped = await fetch(`${gateway.url}/metrics`, { headers });
    assert.equal(zipped.headers.get('content-encoding'), 'gzip');
    assert.match(await zipped.text(), /search_a/);
    const listing = JSON.parse(await scrape('prometheus', '/api/v1/metrics'));
    assert.deepEqual(
      listing.data.map(({ labels }: { labels: { job: string } }) => labels.job).sort(),
      ['payments_a', 'payments_h', 'search_a', 'search_b', 'search_h'],
    );
    const groups = JSON.parse(await scrape('prometheus', '/api/v1/groups'));
    assert.equal(groups.data.length, 5);
    const admin = await (await fetch(`${gateway.adminUrl}/-/groups`)).text();
    assert.equal(JSON.parse(admin).data.length, 5);
    assert.match(await scrape('search', '/api/v1/status'), /"version":"1\.11/);
    assert.match(await scrape('prometheus', '/api/v1/status?upstream=b'), /"version":"1\.11/);
  });

  test('a team sees its jobs, on whichever Pushgateway they are', async () => {
    assert.deepEqual(series(await scrape('search')).length, 6);
    assert.deepEqual(series(await scrape('boards')).length, 12);
    assert.equal(JSON.parse(await scrape('boards', '/api/v1/metrics')).data.length, 5);
  });

  test('a team for all jobs deletes a group where it is', async () => {
    // Without its check Pushgateway answers before it has done what it was asked.
    const isThere = async (): Promise<boolean> => (await jobsOf(recent)).includes('search_d');
    await push('search', 'search_d', 'gone 1\n');
    await eventually('the group', async () => (await isThere()) || undefined);
    const deleted = await ask('prometheus', '/metrics/job/search_d', { method: 'DELETE' });
    assert.equal(deleted.status, 202);
    await eventually('its end', async () => !(await isThere()) || undefined);
  });

  test('random stores: the whole scrape is the union of both', async () => {
    const pushed = fc.record({
      team: fc.constantFrom('alder' as const, 'birch' as const),
      job: fc.nat(3),
      family: fc.constantFrom('fa', 'fb', 'f:d', 'rows'),
      value: fc.string({ unit: 'grapheme', maxLength: 8 }),
    });
    const stores = fc.uniqueArray(pushed, {
      minLength: 4,
      maxLength: 14,
      selector: ({ job, team, family }) => `${job} ${team} ${family}`,
    });
    const grouped = (text: string) => text.split('\n').filter((line) => JOB.test(line));
    const check = async (all: readonly Pushed[]) => {
      for (const { team, job, family, value } of all) {
        const label = value.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('"', '\\"');
        const body = `# TYPE ${family} gauge\n${family}{x="${label}"} ${job}\n`;
        assert.equal((await push(team, `${team}_${job}`, body)).status, 200);
      }
      const [one, other, whole] = await Promise.all([
        scrape('prometheus', '/metrics?upstream=a'),
        scrape('prometheus', '/metrics?upstream=b'),
        scrape('prometheus'),
      ]);
      assert.deepEqual(grouped(whole).sort(), [...grouped(one), ...grouped(other)].sort());
      checkFormat(whole);
      for (const { team, job } of all) {
        await ask(team, `/metrics/job/${team}_${job}`, { method: 'DELETE' });
      }
    };
    await fc.assert(fc.asyncProperty(stores, check), { numRuns: 6 });
  });

  test('Prometheus scrapes what both have', async () => {
    await using prometheus = await startPrometheus({
      version: '3',
      target: new URL(gateway.url).host,
      scrapeConfig: { authorization: { credentials: TEAMS.prometheus.secret } },
    });
    const { health, lastError } = await prometheus.nextScrape();
    assert.deepEqual([health, lastError], ['up', '']);
    const found = await prometheus.query('rows or only or h_count');
    assert.deepEqual(found.map(({ metric }) => metric['job']).sort(), [
      ...['payments_a', 'payments_a', 'payments_h', 'search_a', 'search_b', 'search_h'],
    ]);
  });

  test('one that is away is left out, and said in the metrics; the others go on', async () => {
    await recent.stop('SIGKILL');
    const { status, text } = await ask('prometheus', '/metrics');
    assert.equal(status, 200);
    assert.deepEqual(series(text).length, 6);
    assert.equal((await push('search', 'search_e', 'lost 1\n')).status, 502);
    assert.equal((await push('payments', 'payments_a', 'rows{x="1"} 9\n')).status, 200);
    const metrics = await (await fetch(`${gateway.adminUrl}/metrics`)).text();
    assert.match(metrics, /^pushwarden_upstream_up\{upstream="a"\} 1$/m);
    assert.match(metrics, /^pushwarden_upstream_up\{upstream="b"\} 0$/m);
    assert.match(metrics, /^pushwarden_ready 1$/m);
    await old.stop('SIGKILL');
    assert.equal((await ask('prometheus', '/metrics')).status, 502);
  });
});
