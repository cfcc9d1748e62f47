import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { curl } from '../support/curl.ts';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { missingPrograms } from '../support/program.ts';
import { CITY_LABEL, type Proof, PUSH_CLIENTS } from '../support/push-client.ts';
import type { PushTask } from '../support/push-task.ts';
import {
  PUSHGATEWAYS,
  type Pushgateway,
  pushgatewayMissing,
  startPushgateway,
} from '../support/pushgateway.ts';
import {
  basicCredential,
  type TestCredential,
  tokenCredential,
} from '../support/test-credential.ts';

/** Real clients, with what each can send to prove who it is, into real Pushgateways. */

const PASSWORD = basicCredential('etl');
const TOKEN = tokenCredential('etl-token');

const CREDENTIALS = {
  'a password': PASSWORD,
  'a token': TOKEN,
  'a token as a password': { ...TOKEN, username: 'etl-token' },
} as const satisfies Record<Proof, TestCredential>;

/** What every client can send. */
const ANY = CREDENTIALS['a token as a password'];

/** A beginning of metric names. */
function keyOf(...words: readonly string[]): string {
  return words.join(' ').toLowerCase().replaceAll(/\W+/g, '_');
}

const TEAMS = {
  etl: {
    jobs: ['etl', 'etl/*'],
    allow: ['push', 'delete'],
    credentials: [PASSWORD.spec, TOKEN.spec],
  },
};

describe('clients', { concurrency: true }, () => {
  for (const version of PUSHGATEWAYS) {
    const sequential = { skip: pushgatewayMissing(version), concurrency: false };
    describe(`clients of Pushgateway ${version}`, sequential, () => {
      const stack = new AsyncDisposableStack();
      let pushgateway: Pushgateway;
      let gateway: TestGateway;
      before(async () => {
        pushgateway = stack.use(await startPushgateway({ version }));
        gateway = stack.use(
          await startGateway({ upstream: { url: pushgateway.url }, teams: TEAMS }),
        );
      });
      after(() => stack.disposeAsync());

      /** Types by name of what the store has of a client; waits for what is still queued. */
      async function storedTypes(prefix: string): Promise<Readonly<Record<string, string>>> {
        // A delete is answered before it is applied; a push waits for what was queued before it.
        await fetch(`${pushgateway.url}/metrics/job/bystander`, { method: 'PUT', body: 'b 1\n' });
        const { body } = await pushgateway.scrape();
        const types = body.matchAll(/^# TYPE (\w+) (\w+)$/gm);
        const entries = [...types].map(([, name = '', type = '']) => [name, type] as const);
        return Object.fromEntries(entries.filter(([name]) => name.startsWith(prefix)));
      }

      /** Method and status of everything that was answered to an instance. */
      async function answersTo(instance: string): Promise<readonly unknown[]> {
        const records = await gateway.auditRecords();
        return records.flatMap((decision) => {
          if (decision.event !== 'decision') return [];
          if (decision.grouping_key?.['instance'] !== instance) return [];
          const { request_id } = decision;
          const outcome = records.find((r) => r.event === 'outcome' && r.request_id === request_id);
          return [[decision.method, outcome?.event === 'outcome' && outcome.status]];
        });
      }

      for (const client of PUSH_CLIENTS) {
        const options = { skip: missingPrograms(client.needs) };
        for (const proof of client.sends) {
          const key = keyOf(client.name, proof);
          const instance = key.replaceAll('_', '-');
          const first = `${key}_first`;
          const second = `${key}_second`;
          const run = (change: Partial<PushTask> & Pick<PushTask, 'action'>) =>
            client.run({
              url: gateway.url,
              job: 'etl',
              instance,
              prefix: first,
              credential: CREDENTIALS[proof],
              ...change,
            });
          const typesOf = (prefix: string) =>
            Object.fromEntries(
              Object.entries(client.families).map(([suffix, type]) => [prefix + suffix, type]),
            );

          test(
            `${client.name} with ${proof} pushes, adds and deletes all it has`,
            options,
            async () => {
              const { ok, message } = await run({ action: 'push' });
              assert.ok(ok, message);
              assert.deepEqual(await storedTypes(key), typesOf(first));
              const { body } = await pushgateway.scrape();
              const gauge = `${first}{${CITY_LABEL},instance="${instance}",job="etl"} 42`;
              assert.ok(body.split('\n').includes(gauge), body);
              assert.ok((await run({ action: 'add', prefix: second })).ok);
              assert.deepEqual(await storedTypes(key), { ...typesOf(first), ...typesOf(second) });
              assert.ok((await run({ action: 'push', prefix: second })).ok);
              assert.deepEqual(await storedTypes(key), typesOf(second));
              assert.ok((await run({ action: 'delete' })).ok);
              assert.deepEqual(await storedTypes(key), {});
              const answers = [
                ['PUT', 200],
                ['POST', 200],
                ['PUT', 200],
                ['DELETE', 202],
              ];
              assert.deepEqual(await answersTo(instance), answers);
            },
          );

          test(
            `${client.name} with ${proof} is told why a foreign job is refused`,
            options,
            async () => {
              const { ok, message } = await run({ action: 'push', job: 'payments' });
              assert.equal(ok, false);
              assert.match(message, /job_not_allowed/);
            },
          );
        }
      }

      for (const client of PUSH_CLIENTS.filter(({ slashes }) => slashes !== 'raw')) {
        const options = { skip: missingPrograms(client.needs) };
        const isKept = client.slashes === 'kept';
        const end = isKept ? 'arrives' : 'is refused with a hint';
        test(`a slash in the grouping key ${end} from ${client.name}`, options, async () => {
          const key = keyOf('slash', client.name);
          const instance = `${key}/1 a`;
          const where = { job: 'etl/daily', instance, prefix: key, credential: ANY };
          const { ok, message } = await client.run({ ...where, action: 'push', url: gateway.url });
          assert.equal(ok, isKept, message);
          if (!isKept) assert.match(message, /target_invalid.*\n.*@base64/);
          const groups = await pushgateway.groups();
          const stored = groups.filter(({ labels }) => labels['instance'] === instance);
          const keys = stored.map(({ labels }) => labels);
          assert.deepEqual(keys, isKept ? [{ job: 'etl/daily', instance }] : []);
        });
      }

      test('curl --upload-file waits for 100 Continue and streams chunks', async () => {
        const login = ['--oauth2-bearer', TOKEN.secret, '--expect100-timeout', '10'];
        const target = `${gateway.url}/metrics/job/etl/instance/upload`;
        const args = [...login, '--upload-file', '-', target];
        const { status, exitCode } = await curl(args, 'upload_rows 1\n');
        assert.deepEqual([status, exitCode], [200, 0]);
        assert.deepEqual(await storedTypes('upload_'), { upload_rows: 'untyped' });
      });

      test('curl --anyauth asks without a credential first and then answers the challenge', async () => {
        const login = ['--anyauth', '--user', `etl:${PASSWORD.secret}`];
        const target = `${gateway.url}/metrics/job/etl/instance/anyauth`;
        const { status } = await curl([...login, '--data-binary', 'anyauth_rows 1\n', target]);
        assert.equal(status, 200);
        assert.deepEqual(await storedTypes('anyauth_'), { anyauth_rows: 'untyped' });
      });
    });
  }

  test('every client takes the 202 of a Pushgateway without its consistency check', async () => {
    const args = ['--push.disable-consistency-check'];
    await using pushgateway = await startPushgateway({ version: '1.5', args });
    await using gateway = await startGateway({
      upstream: { url: pushgateway.url },
      teams: TEAMS,
    });
    const task = { action: 'push', url: gateway.url, job: 'etl', credential: ANY } as const;
    const here = PUSH_CLIENTS.filter(({ needs }) => missingPrograms(needs) === false);
    for (const { name, run } of here) {
      const key = keyOf(name);
      const { ok, message } = await run({ ...task, instance: key, prefix: key });
      assert.ok(ok, `${name}: ${message}`);
    }
    const records = await gateway.auditRecords();
    const statuses = records.flatMap((record) =>
      record.event === 'outcome' ? [record.status] : [],
    );
    assert.deepEqual(
      statuses,
      here.map(() => 202),
    );
  });
});
