import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { startGateway } from '../support/gateway.ts';
import { PROMETHEUSES, prometheusMissing, startPrometheus } from '../support/prometheus.ts';
import { startPushgateway } from '../support/pushgateway.ts';
import { basicCredential, tokenCredential } from '../support/test-credential.ts';

/** Prometheus scrapes what was pushed, through the gateway, with a credential that may only read. */

const PUSHER = tokenCredential('etl');
const LOGINS = {
  Basic: basicCredential('prometheus', 'scrape me'),
  Bearer: tokenCredential('prometheus-token'),
};

const SCRAPE_CONFIGS = {
  Basic: { basic_auth: { username: LOGINS.Basic.username, password: LOGINS.Basic.secret } },
  Bearer: { authorization: { type: 'Bearer', credentials: LOGINS.Bearer.secret } },
} as const;

const SETUPS = PROMETHEUSES.flatMap(
  (version) =>
    [
      [version, 'Basic'],
      [version, 'Bearer'],
    ] as const,
);

describe('Prometheus scrapes through the gateway', { concurrency: true }, () => {
  for (const [version, scheme] of SETUPS) {
    const skip = prometheusMissing(version);
    test(`Prometheus ${version} with ${scheme}`, { skip }, async () => {
      await using pushgateway = await startPushgateway({ version: '1.5' });
      await using gateway = await startGateway({
        upstream: { url: pushgateway.url },
        teams: {
          etl: { jobs: ['etl'], allow: ['push'], credentials: [PUSHER.spec] },
          prometheus: { jobs: ['*'], allow: ['read'], credentials: [LOGINS[scheme].spec] },
        },
      });
      const pushed = await fetch(`${gateway.url}/metrics/job/etl/instance/a`, {
        method: 'PUT',
        headers: { authorization: PUSHER.authorization },
        body: 'rows_total 3\n',
      });
      assert.equal(pushed.status, 200);
      await using prometheus = await startPrometheus({
        version,
        target: `127.0.0.1:${gateway.port}`,
        scrapeConfig: SCRAPE_CONFIGS[scheme],
      });
      const { health, lastError } = await prometheus.nextScrape();
      assert.deepEqual([health, lastError], ['up', '']);
      const [sample] = await prometheus.query('rows_total');
      assert.equal(sample?.value, 3);
      assert.deepEqual([sample.metric['job'], sample.metric['instance']], ['etl', 'a']);
    });
  }
});
