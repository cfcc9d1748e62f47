import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { appendFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { decision, outcome, refusal } from '../../audit/chain-fixture.ts';
import { sealAll } from '../../audit/read/history-fixture.ts';
import { createScratch } from '../../support/scratch.ts';
import { audit, auditHere, KEPT, writeHistory } from './history.ts';

const NOW = Date.now();

/** Request ids of what is shown, in its order. */
async function shown(...args: readonly string[]): Promise<string> {
  await using scratch = await createScratch();
  const files = await writeHistory(scratch, NOW);
  const stdout = await auditHere('show', '--output', 'json', ...args, ...files);
  const records = stdout.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line)]));
  return records.map(({ event, request_id: id }) => id ?? event).join(' ');
}

const ALL = 'ancient yesterday r1 nobody late bare scrape watched aggregate';
const ROWS: readonly (readonly [args: string, ids: string])[] = [
  ['', ALL],
  ['--group /metrics/job/settlement --since 48h --until 24h', 'yesterday'],
  ['--group /metrics/job@base64/c2V0dGxlbWVudA', 'yesterday late'],
  ['--job nigh*', 'bare'],
  ['--team web', 'r1 watched aggregate'],
  ['--credential old-cron', 'ancient'],
  ['--reason job_not_allowed', 'r1'],
  ['--reason metric_not_allowed', 'watched'],
  ['--scheme none', 'bare'],
];
for (const [args, ids] of ROWS) {
  test(`audit show ${args} shows ${ids}`, async () => {
    assert.equal(await shown(...args.split(' ').filter(Boolean)), ids);
  });
}

test('audit show joins decisions with what came of them, in text', async () => {
  await using scratch = await createScratch();
  const files = await writeHistory(scratch, NOW);
  const stdout = await auditHere('show', '--since', '3h', ...files);
  const lines = stdout.trimEnd().split('\n');
  assert.match(lines[0] ?? '', /^TIME +TEAM\/CREDENTIAL +METHOD +RESULT +CLIENT +TARGET/);
  assert.match(stdout, /payments\/ci .* 502 upstream_unreachable .*\/metrics\/job\/settlement/);
  assert.match(stdout, /open\/\(none\) .* 200 /);
  assert.match(stdout, /web\/ci .* \(would: metric_not_allowed\)/);
  assert.match(stdout, /web\/ci .* 90 x rate_limited/);
});

test('audit show tells what an outcome says beside its status', async () => {
  await using scratch = await createScratch();
  const { text } = sealAll([
    [NOW, decision('left', { detail: 'the label "env"' })],
    [NOW, { ...outcome('left'), client_gone: true }],
    [NOW, decision('tidied')],
    [NOW, { ...outcome('tidied'), attempts: 2, group_removed: true }],
  ]);
  const file = await scratch.write('audit.jsonl', text);
  const [, left, tidied] = (await auditHere('show', file)).split('\n');
  assert.match(left ?? '', / {2}the label "env"; the client left before the answer$/);
  assert.match(tidied ?? '', / {2}sent 2 times; the group that it left behind was deleted$/);
});

test('audit show tells a push that was kept when it was taken, and when it ended', async () => {
  await using scratch = await createScratch();
  const file = await scratch.write('audit.jsonl', sealAll(KEPT).text);
  const lines = (await auditHere('show', file)).trimEnd().split('\n').slice(1);
  const words = lines.map((line) => line.split(/ {2,}/).slice(1).join(' '));
  assert.deepEqual(words, [
    'payments/ci PUT spooled 10.1.2.3 /metrics/job/settlement',
    'payments/ci PUT spooled 10.1.2.3 /metrics/job/settlement',
    'payments/ci PUT delivered - /metrics/job/settlement taken 60.0 s ago; second took its place',
    'payments/ci PUT rejected inconsistent - /metrics/job/settlement taken 59.0 s ago',
  ]);
  const ends = await auditHere('show', '--reason', 'inconsistent', '--output', 'json', file);
  assert.deepEqual(
    ends
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line).request_id),
    ['second'],
  );
});

test('audit show prints hostile values harmlessly', async () => {
  await using scratch = await createScratch();
  const evil = 'a\u001b[2J\r\nb\u202ec';
  const events = [
    decision('a', { team: evil, job: evil }),
    refusal('b', { user_agent: evil, detail: evil, target: evil }),
  ];
  const file = await scratch.write(
    'audit.jsonl',
    sealAll(events.map((event) => [NOW, event])).text,
  );
  for (const output of ['text', 'json']) {
    const stdout = await auditHere('show', '--output', output, file);
    assert.match(stdout, /^[\n -~…]*$/);
    assert.equal(stdout.trimEnd().split('\n').length, output === 'text' ? 3 : 2);
  }
});

test('audit show passes over what is no record, and names a file that cannot be read', async () => {
  await using scratch = await createScratch();
  const { text } = sealAll([[NOW, decision('a')]]);
  const file = await scratch.write(
    'audit.jsonl',
    `garbage\n{"seq":1,"time":"","event":"decision"\n${text}torn`,
  );
  const stdout = await auditHere('show', '--output', 'json', file);
  assert.equal(JSON.parse(stdout).request_id, 'a');
  const missing = await audit('show', join(scratch.path, 'nothing'));
  assert.equal(missing.status, 1);
  assert.match(missing.stderr, /nothing/);
});

test('audit show says what a time looks like', async () => {
  const { status, stderr } = await audit('show', '--since', 'yesterday', 'x');
  assert.equal(status, 2);
  assert.match(stderr, /a time looks like/);
});

test('audit show --follow goes on with what is recorded, over a new segment', {
  timeout: 60_000,
}, async () => {
  await using scratch = await createScratch();
  const first = sealAll([
    [NOW, decision('a')],
    [NOW, outcome('a')],
  ]);
  const file = await scratch.write('audit.jsonl', first.text);
  const main = new URL('../../../src/main.ts', import.meta.url).pathname;
  const child = spawn(process.execPath, [
    main,
    'audit',
    'show',
    '--follow',
    '--output',
    'json',
    file,
  ]);
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const next = async () => {
    const { value } = await lines.next();
    return JSON.parse(value ?? '');
  };
  assert.equal((await next()).request_id, 'a');
  const second = sealAll([[NOW, decision('b')]], first.head);
  await appendFile(file, second.text.slice(0, 50));
  await appendFile(file, second.text.slice(50));
  const third = sealAll([[NOW, outcome('b')]], second.head);
  await appendFile(file, third.text);
  const joined = await next();
  assert.deepEqual([joined.request_id, joined.outcome.status], ['b', 200]);
  await rename(file, `${file}.000000000001`);
  await writeFile(file, sealAll([[NOW, refusal('c')]], third.head).text);
  assert.equal((await next()).request_id, 'c');
  child.kill('SIGINT');
  assert.equal((await lines.next()).done, true);
});
