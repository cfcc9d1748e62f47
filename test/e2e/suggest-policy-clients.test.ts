import assert from 'node:assert/strict';
import { test } from 'node:test';
import pLimit from 'p-limit';
import { parse } from 'yaml';
import type { AuditRecord } from '../../src/core/audit/audit-record.ts';
import { DAY } from '../cli/audit/history.ts';
import { startGateway } from '../support/gateway.ts';
import { missingPrograms } from '../support/program.ts';
import { PUSH_CLIENTS, type PushClient } from '../support/push-client.ts';
import { pushgatewayMissing, startPushgateway } from '../support/pushgateway.ts';
import { runCli } from '../support/run-cli.ts';
import { createScratch } from '../support/scratch.ts';
import { basicCredential } from '../support/test-credential.ts';

/**
 * A week in which nobody has a credential, made by real clients, then the draft of a policy made of
 * its log, then the same clients with a credential each, and with that of somebody else.
 */

const CLIENTS = PUSH_CLIENTS.filter(({ needs }) => missingPrograms(needs) === false).map(
  (client) => ({ client, job: client.name.toLowerCase().replaceAll(/\W+/g, '-') }),
);
/** Libraries give up after a few seconds: not too many at once. */
const some = pLimit(2);

const ACTIONS = ['push', 'add', 'delete'] as const;

/** What a client does in a day; answers what it says when something fails. */
async function work(
  { client, job }: { readonly client: PushClient; readonly job: string },
  to: Pick<Parameters<PushClient['run']>[0], 'url' | 'credential'>,
  actions: readonly (typeof ACTIONS)[number][] = ACTIONS,
): Promise<readonly string[]> {
  const failures: string[] = [];
  const prefix = `m_${job.replaceAll(/\W/g, '_')}`;
  for (const action of actions) {
    const { ok, message } = await client.run({ ...to, action, job, instance: 'a', prefix });
    if (!ok) failures.push(`${client.name}, ${action}: ${message}`);
  }
  return failures;
}

/** The records as if they had come in the course of a week. */
function spread(records: readonly AuditRecord[]): string {
  const [first] = records;
  const start = Date.parse(first?.time ?? '');
  const end = Date.parse(records.at(-1)?.time ?? '');
  return records
    .map((record) => {
      const place = (Date.parse(record.time) - start) / Math.max(1, end - start);
      const { seq, time: _, event, ...rest } = record;
      const time = new Date(Date.now() - 7 * DAY + place * 7 * DAY - 60_000).toISOString();
      return `${JSON.stringify({ seq, time, event, ...rest })}\n`;
    })
    .join('');
}

test('a week of clients without credentials becomes a policy that lets each of them pass, and nobody else', {
  skip: pushgatewayMissing('1.11'),
}, async () => {
  await using pushgateway = await startPushgateway({ version: '1.11' });
  await using scratch = await createScratch();
  const upstream = { url: pushgateway.url };
  let log: string;
  {
    await using gateway = await startGateway({
      upstream,
      anonymous: 'everybody',
      teams: { everybody: { mode: 'observe', jobs: ['*'], allow: ['push', 'delete'] } },
    });
    const failed = await Promise.all(CLIENTS.map((one) => some(work, one, gateway)));
    assert.deepEqual(failed.flat(), []);
    const records = await gateway.auditRecords();
    const schemes = records.flatMap((one) => (one.event === 'decision' ? [one.scheme] : []));
    assert.deepEqual(new Set(schemes), new Set(['none']));
    assert.equal(schemes.length, CLIENTS.length * ACTIONS.length);
    log = await scratch.write('audit.jsonl', spread(records));
  }

  const draft = await runCli(['audit', 'suggest-policy', '--since', '8d', log]);
  assert.deepEqual([draft.status, draft.stderr], [0, '']);
  const { teams } = parse(draft.stdout);
  assert.deepEqual(Object.keys(teams).sort(), CLIENTS.map(({ job }) => job).sort());
  const credentials = new Map(CLIENTS.map(({ job }) => [job, basicCredential(job, `pass-${job}`)]));
  for (const [name, credential] of credentials) {
    assert.deepEqual(teams[name].jobs, [name]);
    assert.deepEqual(teams[name].allow, ['push', 'delete']);
    teams[name].credentials = [credential.spec];
  }
  const config = await scratch.write('pushwarden.yaml', JSON.stringify({ upstream, teams }));
  const checked = await runCli(['check', '--config', config]);
  assert.equal(checked.status, 0, checked.stdout);
  assert.match(checked.stdout, /SUCCESS: \d+ teams/);

  await using gateway = await startGateway({ upstream, teams });
  const { url } = gateway;
  const failed = await Promise.all(
    CLIENTS.map((one) => some(work, one, { url, credential: credentials.get(one.job) })),
  );
  assert.deepEqual(failed.flat(), []);
  await Promise.all(
    CLIENTS.map(async (one, at) => {
      const stranger = CLIENTS[(at + 1) % CLIENTS.length]?.job ?? '';
      const to = { url, credential: credentials.get(stranger) };
      const failures = await some(work, one, to, ['push']);
      assert.equal(failures.length, 1, `${one.job} as ${stranger}`);
    }),
  );
  const records = await gateway.auditRecords();
  const denied = records.filter((one) => one.event === 'decision' && one.decision === 'deny');
  const reasons = denied.map((one) => (one.event === 'decision' ? one.reason : ''));
  assert.deepEqual(new Set(reasons), new Set(['job_not_allowed']));
  assert.equal(denied.length, CLIENTS.length);
});
