import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CONTENT_TYPES } from '../../src/core/exposition/media-type.ts';
import { startGateway } from '../support/gateway.ts';
import { createdAt, NATIVE_HISTOGRAM, nativeHistogram } from '../support/native-histogram.ts';
import { PROMETHEUSES, prometheusMissing, startPrometheus } from '../support/prometheus.ts';
import { PUSHGATEWAYS, pushgatewayMissing, startPushgateway } from '../support/pushgateway.ts';
import { startRecordingUpstream } from '../support/recording-upstream.ts';
import { tokenCredential } from '../support/test-credential.ts';

const TOKEN = tokenCredential('etl');
const TEAMS = { etl: { jobs: ['*'], allow: ['push', 'read'], credentials: [TOKEN.spec] } };

function push(url: string, body: string | Buffer, contentType: string): Promise<Response> {
  const headers = { authorization: TOKEN.authorization, 'content-type': contentType };
  return fetch(`${url}/metrics/job/etl`, { method: 'PUT', headers, body });
}

for (const version of PUSHGATEWAYS) {
  for (const prometheusVersion of PROMETHEUSES) {
    const skip = pushgatewayMissing(version) || prometheusMissing(prometheusVersion);
    const name = `a native histogram comes through Pushgateway ${version} to Prometheus ${prometheusVersion}`;
    test(name, { skip }, async () => {
      await using pushgateway = await startPushgateway({ version });
      await using gateway = await startGateway({
        upstream: { url: pushgateway.url },
        teams: TEAMS,
      });
      const pushed = await push(gateway.url, NATIVE_HISTOGRAM, CONTENT_TYPES.protobuf);
      assert.equal(pushed.status, 200, await pushed.text());
      const classic = '# TYPE native_seconds histogram\nnative_seconds_bucket{le="+Inf"} 1\n';
      const clash = await fetch(`${gateway.url}/metrics/job/other`, {
        method: 'PUT',
        headers: { authorization: TOKEN.authorization },
        body: classic,
      });
      assert.match(await clash.text(), /^inconsistent: .*native_histogram, not histogram/);
      await using prometheus = await startPrometheus({
        version: prometheusVersion,
        target: `127.0.0.1:${gateway.port}`,
        scrapeConfig: { authorization: { type: 'Bearer', credentials: TOKEN.secret } },
        features: ['native-histograms'],
      });
      const { health, lastError } = await prometheus.nextScrape();
      assert.deepEqual([health, lastError], ['up', '']);
      const [sample] = await prometheus.query('histogram_count(native_seconds)');
      assert.equal(sample?.value, 5);
    });
  }
}

test('a native histogram is refused where the upstream does not say that it keeps it', async () => {
  await using upstream = await startRecordingUpstream();
  await using gateway = await startGateway({ upstream: { url: upstream.url }, teams: TEAMS });
  const refused = await push(gateway.url, NATIVE_HISTOGRAM, CONTENT_TYPES.protobuf);
  assert.equal(refused.status, 400);
  const text = await refused.text();
  assert.match(text, /^body_invalid: "native_seconds" is a native histogram/);
  assert.match(text, /classic buckets/);
  assert.equal(upstream.requests.length, 0);
});

/** What of Prometheus concerns histograms; a version passes over those that it does not know. */
const FEATURES = ['native-histograms', 'created-timestamp-zero-ingestion', 'exemplar-storage'];

for (const version of PROMETHEUSES) {
  const skip = pushgatewayMissing('1.11') || prometheusMissing(version);
  test(`no native histogram ends a scrape of Prometheus ${version}`, { skip }, async () => {
    await using pushgateway = await startPushgateway({ version: '1.11' });
    await using gateway = await startGateway({ upstream: { url: pushgateway.url }, teams: TEAMS });
    await using prometheus = await startPrometheus({
      version,
      target: `127.0.0.1:${pushgateway.port}`,
      features: FEATURES,
    });
    const now = Math.floor(Date.now() / 1000);
    // The edge of what a client can have, creation times of now, of long ago and of never, and
    // spans that no client has.
    const bodies: readonly (readonly [status: number, body: Buffer])[] = [
      [200, nativeHistogram(0, createdAt(now))],
      [200, nativeHistogram(0, createdAt(now - 3600))],
      [200, nativeHistogram(0, createdAt(0))],
      [200, nativeHistogram(8192)],
      [200, nativeHistogram(-8592)],
      ...[2 ** 31 - 1, 2 ** 31 - 2, -(2 ** 31), 1_000_000].map(
        (first) => [400, nativeHistogram(first)] as const,
      ),
    ];
    for (const [status, body] of bodies) {
      const answer = await push(gateway.url, body, CONTENT_TYPES.protobuf);
      assert.equal(answer.status, status, await answer.text());
      const { health, lastError } = await prometheus.nextScrape();
      assert.deepEqual([health, lastError], ['up', '']);
    }
    const [sample] = await prometheus.query('histogram_count(native_seconds)');
    assert.equal(sample?.value, 5);
  });
}
