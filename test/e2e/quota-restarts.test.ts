import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { eventually } from '../support/eventually.ts';
import { type GatewayDocument, startGatewayProcess } from '../support/gateway.ts';
import { PUSHGATEWAYS, pushgatewayMissing, startPushgateway } from '../support/pushgateway.ts';
import { createScratch } from '../support/scratch.ts';
import { tokenCredential } from '../support/test-credential.ts';

/** Quotas count what Pushgateway holds, whoever of the two starts anew. */

const TOKEN = tokenCredential('etl');
const LIMITS = { rate: '1000/s', burst: 1000, groups: 2, total_series: 3 };

function document(url: string): GatewayDocument {
  return {
    upstream: { url },
    teams: {
      etl: { jobs: ['*'], allow: ['push', 'delete'], credentials: [TOKEN.spec], limits: LIMITS },
    },
  };
}

/** The status of a push of so many series, and the reason of one that is refused. */
async function push(url: string, job: string, series = 1): Promise<string> {
  const body = Array.from({ length: series }, (_, index) => `rows{n="${index}"} 1\n`).join('');
  const headers = { authorization: TOKEN.authorization };
  const answer = await fetch(`${url}/metrics/job/${job}`, { method: 'PUT', headers, body });
  const text = await answer.text();
  return answer.ok ? 'taken' : (text.split(':')[0] ?? '');
}

for (const version of PUSHGATEWAYS) {
  const skip = pushgatewayMissing(version);
  describe(`with a Pushgateway ${version}`, { skip }, () => {
    test('quotas are what they were after a restart of the gateway', async () => {
      await using pushgateway = await startPushgateway({ version });
      {
        await using gateway = await startGatewayProcess(document(pushgateway.url));
        assert.equal(await push(gateway.url, 'a', 2), 'taken');
        assert.equal(await push(gateway.url, 'b'), 'taken');
        await gateway.stop('SIGTERM');
      }
      await using gateway = await startGatewayProcess(document(pushgateway.url));
      assert.equal(await push(gateway.url, 'c'), 'group_quota_exceeded');
      assert.equal(await push(gateway.url, 'a', 3), 'series_quota_exceeded');
      assert.equal(await push(gateway.url, 'a', 2), 'taken', 'what does not grow is never refused');
    });

    test('quotas count what a Pushgateway has kept over its restart, and no more', async () => {
      await using scratch = await createScratch();
      const persistenceFile = `${scratch.path}/stored`;
      await using first = await startPushgateway({ version, persistenceFile });
      const { port } = first;
      await using gateway = await startGatewayProcess(document(first.url));
      assert.equal(await push(gateway.url, 'a', 2), 'taken');
      assert.equal(await push(gateway.url, 'b'), 'taken');
      await first.stop('SIGTERM');
      const comesBack = (what: string, expected: string, job: string) =>
        eventually(what, async () => (await push(gateway.url, job)) === expected || undefined);
      {
        await using kept = await startPushgateway({ version, persistenceFile, port });
        await comesBack('the restart', 'taken', 'b');
        assert.equal(await push(gateway.url, 'c'), 'group_quota_exceeded');
        await kept.stop('SIGKILL');
      }
      await using _empty = await startPushgateway({ version, port });
      await comesBack('the empty one', 'taken', 'c');
      assert.equal(await push(gateway.url, 'd'), 'taken');
      assert.equal(await push(gateway.url, 'e'), 'group_quota_exceeded');
    });
  });
}
