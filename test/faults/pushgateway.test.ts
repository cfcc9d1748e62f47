import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { describe, test } from 'node:test';
import { eventually } from '../support/eventually.ts';
import { startGateway, startGatewayProcess } from '../support/gateway.ts';
import { childrenOf } from '../support/processes.ts';
import { findProgram } from '../support/program.ts';
import { PUSHGATEWAYS, pushgatewayMissing, startPushgateway } from '../support/pushgateway.ts';
import { exchange } from '../support/raw-http.ts';
import { createScratch } from '../support/scratch.ts';
import { push, rawPush, rawRequest, readMetric, stageDocument, TOKEN, verdictOf } from './stage.ts';

/** What a real Pushgateway does to pushes that it has answered with 200, and to itself. */

const INTERVALS = [
  ['5m', false],
  ['50ms', true],
] as const;

for (const version of PUSHGATEWAYS) {
  const skip = pushgatewayMissing(version);

  describe(`a killed Pushgateway ${version}`, { skip }, () => {
    for (const [interval, isKept] of INTERVALS) {
      const ending = isKept ? 'kept' : 'gone';
      test(`row 15: a push that was answered 202 is ${ending}, written every ${interval}`, async () => {
        await using scratch = await createScratch();
        const file = `${scratch.path}/metrics`;
        const { upstream: _, ...document } = stageDocument('');
        await using gateway = await startGatewayProcess({
          ...document,
          upstream: {
            spawn: {
              command: findProgram(`pushgateway-${version}`),
              args: [`--persistence.file=${file}`, `--persistence.interval=${interval}`],
            },
          },
        });
        assert.equal((await push(gateway, 'kept')).status, 202);
        if (isKept) await eventually('the file', () => (existsSync(file) ? true : undefined));
        const [child] = await childrenOf(gateway.pid);
        assert.ok(child);
        process.kill(child, 'SIGKILL');
        await eventually('another', async () =>
          (await childrenOf(gateway.pid)).some((pid) => pid !== child) &&
          (await push(gateway, 'later')).status === 202
            ? true
            : undefined,
        );
        const headers = { authorization: TOKEN.authorization };
        const scraped = await (await fetch(`${gateway.url}/metrics`, { headers })).text();
        assert.equal(scraped.includes('rows{instance="",job="kept"} 1'), isKept);
        const outcomes = (await gateway.auditRecords()).filter(({ event }) => event === 'outcome');
        assert.equal(outcomes[0]?.event === 'outcome' && outcomes[0].status, 202);
      });
    }
  });

  test(`row 1: a killed Pushgateway ${version} is away from the first push on`, {
    skip,
  }, async () => {
    await using pushgateway = await startPushgateway({ version });
    const { port } = pushgateway;
    await using gateway = await startGatewayProcess(stageDocument(pushgateway.url));
    const readiness = async () => (await fetch(`${gateway.url}/-/ready`)).status;
    const isUp = () => readMetric(gateway, 'pushwarden_upstream_up{upstream="default"}');
    const logged = (message: string) =>
      gateway.log.filter((line) => line.includes(`"msg":"${message}"`)).length;
    assert.equal((await push(gateway)).status, 200);
    assert.deepEqual([await readiness(), await isUp()], [200, 1]);
    await pushgateway.stop('SIGKILL');
    for (const _ of [1, 2, 3]) {
      assert.equal(await verdictOf(await push(gateway)), '502 upstream_unreachable');
      assert.deepEqual([await readiness(), await isUp()], [503, 0]);
    }
    await using again = await startPushgateway({ version, port });
    await eventually('ready again', async () => ((await readiness()) === 200 ? true : undefined));
    assert.equal(await isUp(), 1);
    assert.equal((await push(gateway)).status, 200);
    assert.equal((await again.groups()).length, 1);
    await eventually('a line', () => logged('upstream_back') || undefined);
    assert.deepEqual([logged('upstream_away'), logged('upstream_back')], [1, 1]);
  });

  describe(`a poisoned Pushgateway ${version}`, { skip }, () => {
    const POISON = {
      'an empty instance': 'a/instance/',
      'an empty instance in base64': 'a/instance@base64/=',
      'a job that is not UTF-8': 'x%FF',
      'a value that is not UTF-8': 'a/x@base64/_w',
    };
    test('row 16: no push through the gateway poisons it', async () => {
      await using pushgateway = await startPushgateway({ version });
      await using gateway = await startGateway(stageDocument(pushgateway.url));
      assert.equal((await push(gateway, 'a')).status, 200);
      for (const target of Object.values(POISON)) {
        const { answers } = await exchange({ port: gateway.port, send: rawPush(target) });
        assert.match(answers[0]?.phrase ?? '', /\(target_invalid\)$/);
      }
      assert.equal((await push(gateway, 'b')).status, 200);
      assert.equal((await pushgateway.scrape()).status, 200);
    });

    test('row 16: poisoned past the gateway, it is seen in a metric and repaired by a delete', async () => {
      await using pushgateway = await startPushgateway({ version });
      await using gateway = await startGateway(stageDocument(pushgateway.url));
      assert.equal((await push(gateway, 'a')).status, 200);
      const poison = { method: 'PUT', body: 'rows 2\n' };
      await fetch(`${pushgateway.url}/metrics/job/a/instance@base64/=`, poison);
      assert.equal(await verdictOf(await push(gateway, 'b')), '400 upstream_rejected');
      const rejected =
        'pushwarden_upstream_errors_total{upstream="default",kind="upstream_rejected"}';
      assert.equal(await readMetric(gateway, rejected), 1);
      const send = rawRequest('DELETE /metrics/job/a/instance@base64/=');
      const { answers } = await exchange({ port: gateway.port, send });
      assert.equal(answers[0]?.status, 202);
      assert.equal((await push(gateway, 'b')).status, 200);
    });
  });
}
