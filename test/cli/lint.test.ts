import assert from 'node:assert/strict';
import { test } from 'node:test';
import { delimited, double, integer, prefixed } from '../support/protobuf.ts';
import { runCli } from '../support/run-cli.ts';
import { createScratch } from '../support/scratch.ts';

const CASES = [
  {
    name: 'a sound body',
    input: '# TYPE a gauge\na{x="1"} 1\na{x="2"} 1\nb 1\n',
    status: 0,
    stdout: 'SUCCESS: 2 families, 3 series\n',
  },
  { name: 'an empty body', input: '', status: 0, stdout: 'SUCCESS: 0 families, 0 series\n' },
  {
    name: 'a wrong line',
    input: 'a 1\nb 1,5\n',
    status: 3,
    stdout: `stdin:2: "1,5" is not a value
  write a decimal point, not a comma: LC_ALL=C makes most tools do so
FAILED: body_invalid
`,
  },
  {
    name: 'a denied name',
    input: 'up 1\n',
    status: 3,
    stdout: `stdin: metric "up" is denied by the configuration
  an operator can allow it: metrics.deny of the team replaces the default list
FAILED: metric_not_allowed
`,
  },
  {
    name: 'too many series',
    input: Array.from({ length: 10_001 }, (_, index) => `a{x="${index}"} 1\n`).join(''),
    status: 3,
    stdout: `stdin: the push has more than 10000 series
  split it over several groups, or drop labels that make many series
FAILED: too_many_series
`,
  },
];

for (const { name, input, ...want } of CASES) {
  test(`lint ends with ${want.status} for ${name}`, async () => {
    assert.deepEqual(await runCli(['lint', '-'], { input }), { ...want, stderr: '' });
  });
}

test('lint reads a file of either format', async () => {
  await using scratch = await createScratch();
  const text = await scratch.write('a.prom', 'a 1 2\n');
  const refused = await runCli(['lint', text]);
  assert.equal(refused.status, 3);
  assert.ok(refused.stdout.startsWith(`${text}:1: a timestamp after the value\n`));

  const family = [delimited(1, 'a'), integer(3, 1), delimited(4, delimited(2, double(1, 5)))];
  const protobuf = await scratch.write('a.pb', prefixed(...family));
  const accepted = await runCli(['lint', '--format', 'protobuf', protobuf]);
  assert.equal(accepted.stdout, 'SUCCESS: 1 families, 1 series\n');
});

test('lint ends with 1 for a file that is missing', async () => {
  const { status, stdout, stderr } = await runCli(['lint', 'no-such-file.prom']);
  assert.deepEqual([status, stdout], [1, '']);
  assert.match(stderr, /cannot read no-such-file\.prom: no such file\n/);
});
