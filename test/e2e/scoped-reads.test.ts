import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { describe, test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import type { ListedGroup } from '../../src/core/store/group-listing.ts';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { startPrometheus } from '../support/prometheus.ts';
import { PUSHGATEWAYS, pushgatewayMissing, startPushgateway } from '../support/pushgateway.ts';
import { tokenCredential } from '../support/test-credential.ts';

/** Two teams push to one Pushgateway; each reads what it pushed, and the operator all of it. */

const PAYMENTS = tokenCredential('payments');
const DATA = tokenCredential('data');
const ALL = tokenCredential('prometheus');
const TEAMS = {
  payments: { jobs: ['payments_*'], allow: ['push', 'read'], credentials: [PAYMENTS.spec] },
  data: { jobs: ['data_*'], allow: ['push', 'read'], credentials: [DATA.spec] },
  prometheus: { jobs: ['*'], allow: ['read'], credentials: [ALL.spec] },
};

/** What a push of another team tries to get through. */
const HOSTILE = 'payments_x",job="payments_x';
const PUSHES = [
  [PAYMENTS, '/metrics/job/payments_daily', '# HELP rows_total Rows.\n# TYPE rows_total counter\nrows_total 3\n'],
  [PAYMENTS, '/metrics/job/payments_daily/instance/a', 'seconds{part="é\\"\\n"} 1\n# TYPE h histogram\nh_bucket{le="+Inf"} 1\nh_sum 1\nh_count 1\n'],
  [DATA, '/metrics/job/data_import', `# HELP rows_total Rows.\n# TYPE rows_total counter\nrows_total{secret="theirs"} 4\nsecret_of_data 1\n`],
  [DATA, '/metrics/job/data_import/instance/b', `secret_rows{job_="payments_daily",secret="${HOSTILE.replaceAll('"', '\\"')}"} 4\n`],
] as const; // biome-ignore format: one push a line

const read = (gateway: TestGateway, path: string, token: string, headers = {}) =>
  fetch(`${gateway.url}${path}`, { headers: { authorization: `Bearer ${token}`, ...headers } });

async function pushAll(gateway: TestGateway): Promise<void> {
  for (const [{ authorization }, path, body] of PUSHES) {
    const { status } = await fetch(`${gateway.url}${path}`, {
      method: 'PUT',
      headers: { authorization },
      body,
    });
    assert.equal(status, 200);
  }
}

for (const version of PUSHGATEWAYS) {
  describe(`reads of a team, Pushgateway ${version}`, { skip: pushgatewayMissing(version) }, () => {
    test('the scrape has the own series with HELP and TYPE, and promtool finds nothing', async () => {
      await using pushgateway = await startPushgateway({ version });
      await using gateway = await startGateway({
        upstream: { url: pushgateway.url },
        teams: TEAMS,
      });
      await pushAll(gateway);
      const answer = await read(gateway, '/metrics', PAYMENTS.secret);
      const scrape = await answer.text();
      assert.equal(answer.status, 200);
      assert.match(
        scrape,
        /# HELP rows_total Rows\.\n# TYPE rows_total counter\nrows_total\{.*job="payments_daily".*\} 3\n/,
      );
      assert.match(scrape, /push_time_seconds\{.*job="payments_daily"/);
      assert.doesNotMatch(scrape, /data_import|secret|theirs|go_goroutines|pushgateway_/);
      const { status, stderr } = spawnSync('promtool', ['check', 'metrics'], { input: scrape });
      // what was pushed without help is told by promtool, too
      assert.doesNotMatch(stderr.toString().replaceAll(/^.*no help text$/gm, ''), /\S/);
      assert.ok(status === 0 || status === 3);

      const whole = await (await read(gateway, '/metrics', ALL.secret)).text();
      assert.match(whole, /secret_of_data/);
      assert.match(whole, /go_goroutines/);
    });

    test('protobuf and gzip, as asked', async () => {
      await using pushgateway = await startPushgateway({ version });
      await using gateway = await startGateway({
        upstream: { url: pushgateway.url },
        teams: TEAMS,
      });
      await pushAll(gateway);
      const accept =
        'application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited';
      const answer = await read(gateway, '/metrics', PAYMENTS.secret, { accept });
      assert.match(answer.headers.get('content-type') ?? '', /protobuf/);
      const bytes = Buffer.from(await answer.arrayBuffer()).toString('latin1');
      assert.match(bytes, /rows_total/);
      assert.doesNotMatch(bytes, /data_import|secret|theirs|go_goroutines/);

      const { default: http } = await import('node:http');
      const packed = await new Promise<Buffer>((resolve, reject) => {
        const headers = { authorization: PAYMENTS.authorization, 'accept-encoding': 'gzip' };
        http.get(`${gateway.url}/metrics`, { headers }, (res) => {
          assert.equal(res.headers['content-encoding'], 'gzip');
          const chunks: Buffer[] = [];
          res.on('data', (chunk) => chunks.push(chunk));
          res.on('end', () => resolve(Buffer.concat(chunks)));
          res.on('error', reject);
        });
      });
      assert.match(gunzipSync(packed).toString(), /rows_total\{/);
    });

    test('the API lists own groups alone, in both forms', async () => {
      await using pushgateway = await startPushgateway({ version });
      await using gateway = await startGateway({
        upstream: { url: pushgateway.url },
        teams: TEAMS,
      });
      await pushAll(gateway);
      const listing = await (await read(gateway, '/api/v1/metrics', PAYMENTS.secret)).text();
      const { data }: { data: { labels: { job: string } }[] } = JSON.parse(listing);
      assert.deepEqual(
        data.map(({ labels }) => labels.job),
        ['payments_daily', 'payments_daily'],
      );
      assert.doesNotMatch(listing, /data_import|secret/);

      const groups = await (await read(gateway, '/api/v1/groups', PAYMENTS.secret)).text();
      assert.doesNotMatch(groups, /data_import|secret/);
      const own: { data: ListedGroup[] } = JSON.parse(groups);
      const first = own.data.find(({ target }) => target === '/metrics/job/payments_daily');
      assert.deepEqual(
        {
          ...first,
          pushed_at: typeof first?.pushed_at,
          team: '',
          series: 0,
          bytes: 0,
          families: first?.families.map(({ name }) => name),
        },
        {
          job: 'payments_daily',
          grouping_key: {},
          target: '/metrics/job/payments_daily',
          team: '',
          pushed_at: 'string',
          failed_at: null,
          expires_at: null,
          series: 0,
          bytes: 0,
          credential: 'payments',
          families: ['rows_total'],
        },
      );
      const all: { data: unknown[] } = JSON.parse(
        await (await read(gateway, '/api/v1/groups', ALL.secret)).text(),
      );
      assert.equal(all.data.length, 4);
      const status = await read(gateway, '/api/v1/status', PAYMENTS.secret);
      assert.match(await status.text(), /start_time/);
    });
  });
}

test('one Prometheus scrapes a part, and another all', async () => {
  await using pushgateway = await startPushgateway({ version: '1.5' });
  await using gateway = await startGateway({ upstream: { url: pushgateway.url }, teams: TEAMS });
  await pushAll(gateway);
  const target = `127.0.0.1:${gateway.port}`;
  const counts = [
    [PAYMENTS, 1],
    [ALL, 2],
  ] as const;
  for (const [{ secret }, want] of counts) {
    await using prometheus = await startPrometheus({
      version: '2',
      target,
      scrapeConfig: { authorization: { type: 'Bearer', credentials: secret } },
    });
    const { health, lastError } = await prometheus.nextScrape();
    assert.deepEqual([health, lastError], ['up', '']);
    assert.equal((await prometheus.query('rows_total')).length, want);
  }
});
