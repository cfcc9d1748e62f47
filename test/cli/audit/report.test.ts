import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sealAll } from '../../audit/read/history-fixture.ts';
import { createScratch, type Scratch } from '../../support/scratch.ts';
import { audit, auditHere, KEPT, writeHistory } from './history.ts';

const NOW = Date.now();

interface Row {
  readonly key: string;
  readonly allowed: number;
  readonly refused: number;
  readonly would_refuse: number;
  readonly reasons: Readonly<Record<string, number>>;
}

async function report(scratch: Scratch, ...args: readonly string[]) {
  const files = await writeHistory(scratch, NOW);
  return JSON.parse(await auditHere('report', '--output', 'json', ...args, ...files)) as {
    rows: readonly Row[];
    unused?: readonly string[];
  };
}

/** `key allowed/refused`, in the order of the rows. */
async function rows(...args: readonly string[]): Promise<readonly string[]> {
  await using scratch = await createScratch();
  const { rows } = await report(scratch, ...args);
  return rows.map(({ key, allowed, refused }) => `${key} ${allowed}/${refused}`);
}

test('audit report counts by team what was allowed and refused, and why; aggregates count fully', async () => {
  await using scratch = await createScratch();
  const { rows } = await report(scratch);
  assert.deepEqual(
    rows.map(({ key, allowed, refused }) => `${key} ${allowed}/${refused}`),
    ['web 1/91', '(unknown) 0/1', 'payments 3/0', 'open 1/0', 'prometheus 1/0'],
  );
  assert.deepEqual(rows[0]?.reasons, {
    rate_limited: 90,
    job_not_allowed: 1,
    metric_not_allowed: 1,
  });
  assert.equal(rows[0]?.would_refuse, 1);
});

const BY: readonly (readonly [args: string, expected: readonly string[]])[] = [
  ['--by job --team payments', ['settlement 2/0', 'batch 1/0']],
  ['--by credential --since 30d --team payments', ['payments/ci 2/0']],
  [
    '--by reason --team web',
    ['rate_limited 0/90', 'job_not_allowed 0/1', 'metric_not_allowed 1/0'],
  ],
  ['--by client --scheme none', ['10.1.2.3 1/0']],
];
for (const [args, expected] of BY) {
  test(`audit report ${args}`, async () => {
    assert.deepEqual(await rows(...args.split(' ')), expected);
  });
}

test('audit report --by day has the days in their order', async () => {
  const days = (await rows('--by', 'day')).map((row) => row.slice(0, 10));
  assert.deepEqual(days, [...days].sort());
  assert.ok(days.length >= 2);
});

async function writeConfig(scratch: Scratch): Promise<string> {
  const token = (name: string, digit: string) => ({
    type: 'token',
    name,
    sha256: digit.repeat(64),
  });
  return scratch.write(
    'pushwarden.yaml',
    JSON.stringify({
      upstream: { url: 'http://127.0.0.1:9092' },
      teams: {
        payments: {
          jobs: ['settlement', 'batch', 'refund*'],
          credentials: [token('ci', '1'), token('old-cron', '2')],
        },
        idle: { jobs: ['idle'], credentials: [token('never', '3')] },
      },
    }),
  );
}

const UNUSED = [
  ['credential', ['payments/old-cron', 'idle/never']],
  ['team', ['idle']],
  ['job', ['batch', 'refund*', 'idle']],
  ['reason', []],
] as const;
for (const [by, unused] of UNUSED) {
  test(`audit report --by ${by} --config names what nobody used`, async () => {
    await using scratch = await createScratch();
    const config = await writeConfig(scratch);
    const found = await report(scratch, '--by', by, '--since', '30d', '--config', config);
    assert.deepEqual(found.unused, unused);
  });
}

test('audit report prints a table, with what was never used at its end', async () => {
  await using scratch = await createScratch();
  const config = await writeConfig(scratch);
  const files = await writeHistory(scratch, NOW);
  const stdout = await auditHere('report', '--by', 'credential', '--config', config, ...files);
  assert.match(stdout, /^CREDENTIAL +ALLOWED +REFUSED +WOULD REFUSE +LAST +REASONS\n/);
  assert.match(stdout, /\nweb\/ci +1 +91 +1 +2\S+Z +rate_limited 90, job_not_allowed 1/);
  assert.match(stdout, /\nidle\/never +0 +0 +0 +never\n$/);
});

test('audit report with a configuration that cannot be read says so', async () => {
  const { status, stderr } = await audit('report', '--config', '/nonexistent', 'x');
  assert.equal(status, 1);
  assert.match(stderr, /cannot read the file/);
});

test('audit report counts a push that was kept once, however it ended', async () => {
  await using scratch = await createScratch();
  const file = await scratch.write('audit.jsonl', sealAll(KEPT).text);
  const { rows } = JSON.parse(await auditHere('report', '--output', 'json', file));
  assert.deepEqual(
    rows.map(({ key, allowed, refused }: Row) => `${key} ${allowed}/${refused}`),
    ['payments 2/0'],
  );
});
