import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { eventually } from '../support/eventually.ts';
import { startGateway } from '../support/gateway.ts';
import {
  PUSHGATEWAYS,
  type Pushgateway,
  pushgatewayMissing,
  startPushgateway,
} from '../support/pushgateway.ts';
import { push, stageDocument, verdictOf } from './stage.ts';

/** Pushgateway refuses what the gateway has allowed: somebody else has pushed past it. */

const jobsOf = async (pushgateway: Pushgateway): Promise<readonly (string | undefined)[]> =>
  (await pushgateway.groups()).map(({ labels }) => labels['job']).toSorted();

for (const version of PUSHGATEWAYS) {
  describe(`a push that Pushgateway ${version} refuses`, {
    skip: pushgatewayMissing(version),
  }, () => {
    test('row 16: leaves no group that was not there before', async () => {
      await using pushgateway = await startPushgateway({ version });
      await using gateway = await startGateway(stageDocument(pushgateway.url));
      assert.equal((await push(gateway, 'known')).status, 200);
      // Unknown to the gateway until the next poll; other pushes of `rows` are refused for it.
      const body = '# TYPE rows gauge\nrows 1\n';
      await fetch(`${pushgateway.url}/metrics/job/known`, { method: 'PUT', body });
      const refusals = await Promise.all(['new', 'new', 'other'].map((job) => push(gateway, job)));
      const verdicts = await Promise.all(refusals.map(verdictOf));
      assert.ok(
        verdicts.every((verdict) => /^400 (upstream_rejected|inconsistent)$/.test(verdict)),
      );
      assert.ok(verdicts.includes('400 upstream_rejected'));
      await eventually('the groups that were left behind are gone', async () => {
        const jobs = await jobsOf(pushgateway);
        return jobs.join() === 'known' || undefined;
      });
      const outcomes = (await gateway.auditRecords()).filter(({ event }) => event === 'outcome');
      const removed = outcomes.filter((one) => one.event === 'outcome' && one.group_removed);
      assert.ok(removed.length >= 1);
    });

    test('row 16: leaves a group that others have pushed past the gateway', async () => {
      await using pushgateway = await startPushgateway({ version });
      await using gateway = await startGateway(stageDocument(pushgateway.url));
      const put = (job: string, body: string) =>
        fetch(`${pushgateway.url}/metrics/job/${job}`, { method: 'PUT', body });
      await put('foreign', 'other 1\n');
      await put('holder', '# TYPE rows gauge\nrows 1\n');
      assert.equal(await verdictOf(await push(gateway, 'foreign')), '400 upstream_rejected');
      assert.deepEqual(await jobsOf(pushgateway), ['foreign', 'holder']);
    });
  });
}
