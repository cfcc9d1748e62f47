import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { curl } from '../support/curl.ts';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { PUSH_CLIENTS, type PushTask } from '../support/push-client.ts';
import {
  PUSHGATEWAYS,
  type Pushgateway,
  pushgatewayMissing,
  startPushgateway,
} from '../support/pushgateway.ts';
import { basicCredential, tokenCredential } from '../support/test-credential.ts';

/** Real clients, with both schemes, through the gateway into real Pushgateways. */

const CREDENTIALS = {
  Basic: basicCredential('etl'),
  Bearer: tokenCredential('etl-token'),
} as const;

for (const version of PUSHGATEWAYS) {
  describe(`clients of Pushgateway ${version}`, { skip: pushgatewayMissing(version) }, () => {
    const stack = new AsyncDisposableStack();
    let pushgateway: Pushgateway;
    let gateway: TestGateway;
    before(async () => {
      pushgateway = stack.use(await startPushgateway({ version }));
      const credentials = Object.values(CREDENTIALS).map(({ spec }) => spec);
      gateway = stack.use(
        await startGateway({
          upstream: { url: pushgateway.url },
          teams: { etl: { jobs: ['etl', 'etl/*'], allow: ['push', 'delete'], credentials } },
        }),
      );
    });
    after(() => stack.disposeAsync());

    /** Families of one group; undefined when there is no such group. */
    async function familiesOf(instance: string): Promise<readonly string[] | undefined> {
      // A delete is answered before it is applied; a push waits for what was queued before it.
      await fetch(`${pushgateway.url}/metrics/job/bystander`, { method: 'PUT', body: 'b 1\n' });
      const groups = await pushgateway.groups();
      return groups.find(({ labels }) => labels['instance'] === instance)?.families;
    }

    for (const client of PUSH_CLIENTS) {
      for (const [scheme, credential] of Object.entries(CREDENTIALS)) {
        const instance = `${client.name.replaceAll(' ', '-')}-${scheme}`;
        const task = {
          job: 'etl',
          labels: { instance },
          family: 'first_rows',
          credential,
        } as const;
        const run = (change: Partial<PushTask> & Pick<PushTask, 'action'>) =>
          client.run({ ...task, url: gateway.url, ...change });

        test(`${client.name} pushes, adds and deletes with ${scheme}`, async () => {
          const { ok, message } = await run({ action: 'push' });
          assert.ok(ok, message);
          assert.deepEqual(await familiesOf(instance), ['first_rows']);
          assert.ok((await run({ action: 'add', family: 'second_rows' })).ok);
          assert.deepEqual(await familiesOf(instance), ['first_rows', 'second_rows']);
          assert.ok((await run({ action: 'push', family: 'second_rows' })).ok);
          assert.deepEqual(await familiesOf(instance), ['second_rows']);
          assert.ok((await run({ action: 'delete' })).ok);
          assert.equal(await familiesOf(instance), undefined);
        });

        test(`${client.name} with ${scheme} is told why a foreign job is refused`, async () => {
          const { ok, message } = await run({ action: 'push', job: 'payments' });
          assert.equal(ok, false);
          assert.match(message, /job_not_allowed/);
        });
      }
    }

    test('curl --upload-file waits for 100 Continue and streams chunks', async () => {
      const login = ['--oauth2-bearer', CREDENTIALS.Bearer.secret, '--expect100-timeout', '10'];
      const target = `${gateway.url}/metrics/job/etl/instance/upload`;
      const { status, exitCode } = await curl([...login, '--upload-file', '-', target], 'rows 1\n');
      assert.deepEqual([status, exitCode], [200, 0]);
      assert.deepEqual(await familiesOf('upload'), ['rows']);
    });

    test('curl --anyauth asks without a credential first and then answers the challenge', async () => {
      const login = ['--anyauth', '--user', `etl:${CREDENTIALS.Basic.secret}`];
      const target = `${gateway.url}/metrics/job/etl/instance/anyauth`;
      const { status } = await curl([...login, '--data-binary', 'rows 1\n', target]);
      assert.equal(status, 200);
      assert.deepEqual(await familiesOf('anyauth'), ['rows']);
    });

    test('a slash in a value arrives from Python, and is refused with a hint from prom-client', async () => {
      const [, python, node] = PUSH_CLIENTS;
      const task = {
        action: 'push',
        url: gateway.url,
        job: 'etl/daily',
        labels: { instance: 'host/1 a' },
        family: 'daily_rows',
        credential: CREDENTIALS.Bearer,
      } as const;
      const accepted = await python.run(task);
      assert.ok(accepted.ok, accepted.message);
      assert.deepEqual(await familiesOf('host/1 a'), ['daily_rows']);
      const refused = await node.run(task);
      assert.equal(refused.ok, false);
      assert.match(refused.message, /target_invalid.*\n.*@base64/);
    });
  });
}
