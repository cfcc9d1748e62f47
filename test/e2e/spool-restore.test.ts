import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventually } from '../support/eventually.ts';
import { PUSHGATEWAYS, type Pushgateway, pushgatewayMissing } from '../support/pushgateway.ts';
import { readAnew } from '../support/read-anew.ts';
import {
  drained,
  KEPT,
  outcomesOf,
  readValue,
  send,
  startSpoolStage,
} from '../support/spool-stage.ts';

/** What Pushgateway loses in a restart comes back, but never what somebody had ended. */

const jobsOf = async (upstream: Pushgateway): Promise<readonly string[]> =>
  (await upstream.groups()).map(({ labels }) => labels['job'] ?? '').sort();

for (const version of PUSHGATEWAYS) {
  test(`Pushgateway ${version}: nothing that was deleted, expired or replaced comes back after a restart`, {
    skip: pushgatewayMissing(version),
  }, async (t) => {
    const { gateway, upstream, away, back } = await startSpoolStage(t, version, {
      team: { group_ttl: [{ jobs: ['old_*'], ttl: '1s' }] },
      janitor: { every: '200ms' },
    });
    const jobs = ['kept', 'deleted', 'deleted_past', 'replaced_past', 'old_1'];
    for (const job of jobs) {
      assert.equal((await send(gateway, 'PUT', job, 'rows 1\n')).status, 200);
    }
    assert.equal((await send(gateway, 'DELETE', 'deleted')).status, 202);
    const past = `${upstream().url}/metrics/job`;
    const deleted = await fetch(`${past}/deleted_past`, { method: 'DELETE' });
    const replaced = await fetch(`${past}/replaced_past`, { method: 'PUT', body: 'rows 2\n' });
    assert.deepEqual([deleted.status, replaced.status], [202, 200]);
    await eventually('the janitor', async () =>
      (await jobsOf(upstream())).includes('old_1') ? undefined : true,
    );
    assert.equal(await readAnew(gateway.adminUrl), true);
    assert.equal((await send(gateway, 'PUT', 'old_2', 'rows 1\n')).status, 200);
    const pushedAt = Date.now();

    await away();
    assert.deepEqual(await send(gateway, 'POST', 'late', 'rows 1\n'), KEPT);
    await eventually('its time', () => (Date.now() - pushedAt > 1100 ? true : undefined));
    await back();
    await eventually('the restore', async () =>
      (await jobsOf(upstream())).includes('kept') ? true : undefined,
    );
    await drained(gateway);
    assert.deepEqual(await jobsOf(upstream()), ['kept', 'late']);
    assert.ok((await outcomesOf(gateway)).includes('expired'), 'old_2');
  });
}

const [version] = PUSHGATEWAYS;

test('the janitor leaves a group alone for which a push waits', {
  skip: pushgatewayMissing(version),
}, async (t) => {
  const { gateway, upstream, away, back } = await startSpoolStage(t, version, {
    team: { group_ttl: '1s' },
    janitor: { every: '20ms' },
    saves: true,
  });
  assert.equal((await send(gateway, 'PUT', 'a', 'rows 1\nother 1\n')).status, 200);
  const pushedAt = Date.now();
  await away('SIGTERM');
  assert.deepEqual(await send(gateway, 'POST', 'a', 'rows 2\n'), KEPT);
  await eventually('its time', () => (Date.now() - pushedAt > 1100 ? true : undefined));
  await back();
  await eventually('the replay', async () =>
    (await readValue(upstream(), 'rows{instance="",job="a"}')) === '2' ? true : undefined,
  );
  assert.equal(await readValue(upstream(), 'other{instance="",job="a"}'), '1');
});
