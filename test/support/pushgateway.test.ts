import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { test } from 'node:test';
import { eventually } from './eventually.ts';
import { PROMETHEUSES, prometheusMissing, startPrometheus } from './prometheus.ts';
import { PUSHGATEWAYS, pushgatewayMissing, startPushgateway } from './pushgateway.ts';

for (const version of PUSHGATEWAYS) {
  const skip = pushgatewayMissing(version);
  test(`Pushgateway ${version} stores a push, and forgets it when wiped`, { skip }, async () => {
    await using pushgateway = await startPushgateway({ version });
    const push = { method: 'PUT', body: 'rows_total 3\n' };
    assert.equal((await fetch(`${pushgateway.url}/metrics/job/etl`, push)).status, 200);
    assert.deepEqual(await pushgateway.groups(), [
      { labels: { job: 'etl' }, families: ['rows_total'], lastPushSuccessful: true },
    ]);
    await pushgateway.wipe();
    assert.deepEqual(await pushgateway.groups(), []);
    assert.equal((await pushgateway.scrape()).status, 200);
  });
}

for (const version of PROMETHEUSES) {
  const skip = prometheusMissing(version);
  test(`Prometheus ${version} scrapes what was pushed`, { skip }, async () => {
    await using pushgateway = await startPushgateway({ version: '1.5' });
    const push = { method: 'PUT', body: 'rows_total 3\n' };
    await fetch(`${pushgateway.url}/metrics/job/etl`, push);
    const { host } = new URL(pushgateway.url);
    await using prometheus = await startPrometheus({ version, target: host });
    assert.equal((await prometheus.nextScrape()).health, 'up');
    const [sample] = await prometheus.query('rows_total');
    assert.deepEqual([sample?.metric['job'], sample?.value], ['etl', 3]);
  });
}

test('a Pushgateway ends when the process that started it is killed', async () => {
  const program = `
    import { startPushgateway } from ${JSON.stringify(new URL('./pushgateway.ts', import.meta.url))};
    const { pid } = await startPushgateway({ version: '1.5' });
    console.log(pid);
    setInterval(() => undefined, 1000);`;
  const parent = spawn(process.execPath, ['--input-type=module', '--eval', program]);
  const [line] = await once(parent.stdout, 'data');
  const pid = Number(line);
  assert.ok(existsSync(`/proc/${pid}`));
  parent.kill('SIGKILL');
  await eventually('the Pushgateway ends', () => !existsSync(`/proc/${pid}`) || undefined);
});
