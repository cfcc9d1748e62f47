import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { parse } from 'yaml';
import { loadConfig } from '../../src/config/load.ts';
import type { AuditRecord } from '../../src/core/audit/audit-record.ts';
import { auditHere } from '../cli/audit/history.ts';
import { curl } from '../support/curl.ts';
import { startGateway } from '../support/gateway.ts';
import { startRecordingUpstream } from '../support/recording-upstream.ts';
import { createScratch } from '../support/scratch.ts';
import { tokenCredential } from '../support/test-credential.ts';

const OPEN = tokenCredential('open');

/** What fifty jobs push that nobody remembers: target, method, body, headers. */
interface Sent {
  readonly job: string;
  readonly path: string;
  readonly method: string;
  readonly body?: string;
  readonly isZipped?: boolean;
}

const SENT: readonly Sent[] = [
  {
    job: 'settlement',
    path: '/metrics/job/settlement/instance/a',
    method: 'PUT',
    body: 'rows 1\n',
  },
  {
    job: 'settlement',
    path: '/metrics/job/settlement/instance/b',
    method: 'POST',
    body: 'rows{shard="1"} 1\nbytes 2\n',
  },
  { job: 'settlement', path: '/metrics/job/settlement/instance/b', method: 'DELETE' },
  {
    job: 'nightly backup',
    path: '/metrics/job/nightly%20backup',
    method: 'PUT',
    body: '# TYPE took histogram\ntook_bucket{le="+Inf"} 1\ntook_sum 1\ntook_count 1\n',
    isZipped: true,
  },
  {
    job: 'wide',
    path: '/metrics/job/wide',
    method: 'PUT',
    body: Array.from({ length: 30 }, (_, index) => `wide_${index} 1\n`).join(''),
  },
  ...Array.from({ length: 8 }, (_, index) => ({
    job: `ci_${index}`,
    path: `/metrics/job/ci_${index}`,
    method: 'PUT',
    body: 'ci_took 1\n',
  })),
];

async function send(url: string, sent: Sent, authorization: string): Promise<number> {
  const { path, method, body, isZipped } = sent;
  const answer = await fetch(`${url}${path}`, {
    method,
    headers: { authorization, ...(isZipped && { 'content-encoding': 'gzip' }) },
    ...(body !== undefined && { body: isZipped ? gzipSync(body) : body }),
  });
  return answer.status;
}

/** The log of a team for all jobs, as if its callers had shown no credential. */
function withoutCredentials(records: readonly AuditRecord[]): string {
  return records
    .map((record) => (record.event === 'decision' ? { ...record, scheme: 'none' } : record))
    .map(({ seq, time, event, ...rest }) => `${JSON.stringify({ seq, time, event, ...rest })}\n`)
    .join('');
}

test('what suggest-policy drafts passes check, lets the same traffic pass, and refuses it to others', async () => {
  await using upstream = await startRecordingUpstream();
  await using scratch = await createScratch();
  let log: string;
  {
    const jobs = ['*'];
    const allow = ['push', 'delete'];
    await using gateway = await startGateway({
      upstream: { url: upstream.url },
      teams: { open: { jobs, allow, credentials: [OPEN.spec] } },
    });
    for (const sent of SENT) assert.ok((await send(gateway.url, sent, OPEN.authorization)) < 300);
    const header = `Authorization: ${OPEN.authorization}`;
    const target = `${gateway.url}/metrics/job/by-curl`;
    const shell = await curl(['-H', header, '--data-binary', '@-', target], 'rows 3\n');
    assert.equal(shell.status, 200);
    log = withoutCredentials(await gateway.auditRecords());
  }
  const file = await scratch.write('audit.jsonl', log);
  const draft = await auditHere('suggest-policy', file);
  const { teams } = parse(draft);
  assert.deepEqual(Object.keys(teams).sort(), [
    'by-curl',
    'ci',
    'nightly-backup',
    'settlement',
    'wide',
  ]);
  assert.deepEqual(teams.settlement.jobs, ['settlement']);
  assert.deepEqual(teams.settlement.allow, ['push', 'delete']);
  assert.deepEqual(teams.settlement.require_labels, ['instance']);
  assert.deepEqual(teams.settlement.metrics, { allow: ['bytes', 'rows'] });
  assert.deepEqual(teams.settlement.allow_networks, ['127.0.0.0/24']);
  assert.deepEqual(teams.ci.jobs, ['ci_*']);
  assert.equal(teams.wide.metrics, undefined);
  assert.match(draft, /# the log names not all of its metrics/);

  // every team gets a credential of its own, and nothing else is changed
  const tokens = Object.keys(teams).map((name) => [name, tokenCredential(name)] as const);
  for (const [name, { spec }] of tokens) teams[name].credentials = [spec];
  const url = 'http://127.0.0.1:1';
  const config = await scratch.write(
    'pushwarden.yaml',
    JSON.stringify({ upstream: { url }, teams }),
  );
  const checked = await loadConfig(config, { now: Date.now() });
  assert.ok(checked.ok, JSON.stringify(checked));
  assert.deepEqual(checked.warnings, []);

  await using gateway = await startGateway({ upstream: { url: upstream.url }, teams });
  for (const sent of SENT) {
    const own = tokens.find(([name]) =>
      teams[name].jobs.some(
        (glob: string) => glob === sent.job || (glob === 'ci_*' && sent.job.startsWith('ci_')),
      ),
    );
    assert.ok(own, sent.job);
    assert.ok((await send(gateway.url, sent, own[1].authorization)) < 300, sent.path);
    for (const [name, { authorization }] of tokens) {
      if (name !== own[0])
        assert.equal(await send(gateway.url, sent, authorization), 403, `${sent.path} of ${name}`);
    }
  }
});
