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
FAILED: 1 problem (body_invalid)
`,
  },
  {
    name: 'a denied name',
    input: 'up 1\n',
    status: 3,
    stdout: `stdin: metric "up" is denied by the configuration
  an operator can allow it: metrics.deny of the team replaces the default list
FAILED: 1 problem (metric_not_allowed)
`,
  },
  {
    name: 'too many series',
    input: Array.from({ length: 10_001 }, (_, index) => `a{x="${index}"} 1\n`).join(''),
    status: 3,
    stdout: `stdin: the push has more than 10000 series
  split it over several groups, or drop labels that make many series
  an operator can raise limits.series of the team
FAILED: 1 problem (too_many_series)
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
  assert.equal(accepted.stdout, 'SUCCESS: 1 family, 1 series\n');
});

test('lint ends with 1 for a file that is missing', async () => {
  const { status, stdout, stderr } = await runCli(['lint', 'no-such-file.prom']);
  assert.deepEqual([status, stdout], [1, '']);
  assert.match(stderr, /cannot read no-such-file\.prom: no such file\n/);
});

test('lint names every problem of a file', async () => {
  const input = 'a 1,5\nb-c 1\nup 1\n# TYPE h histogram\nh_bucket{le="1"} 1\nd 42ms\ne 1';
  const { status, stdout } = await runCli(['lint', '-'], { input });
  assert.equal(status, 3);
  const lines = stdout.split('\n').filter((line) => !line.startsWith('  '));
  assert.deepEqual(lines, [
    'stdin:1: "1,5" is not a value',
    'stdin:2: a metric name cannot have "-"',
    'stdin:6: a unit after the value: "42ms"',
    'stdin:7: the last line has no line feed at its end',
    'stdin:5: histogram "h" has no bucket le="+Inf"',
    'FAILED: 5 problems (body_invalid)',
    '',
  ]);
});

test('lint names every problem of a file beside what a team may not push', async () => {
  const { stdout } = await runCli(['lint', '-'], { input: 'a 1,5\nup 1\nscrape_x 1\n' });
  assert.match(stdout, /:1: "1,5"/);
  assert.match(stdout, /metric "up" is denied/);
  assert.match(stdout, /metric "scrape_x" is denied/);
  assert.match(stdout, /FAILED: 3 problems \(body_invalid, metric_not_allowed\)/);
});

test('lint shows a bounded number of problems, and ends with another format', async () => {
  const many = await runCli(['lint', '-'], { input: 'a 1,5\n'.repeat(1000) });
  assert.match(many.stdout, /FAILED: over 100 problems/);
  const foreign = await runCli(['lint', '-'], { input: '{\n"a": 1,\n"b": 2\n}\n' });
  assert.match(foreign.stdout, /looks like JSON[\s\S]*FAILED: 1 problem /);
});

const CONFIG = `
upstream: { url: "http://127.0.0.1:9092" }
teams:
  payments:
    jobs: ["pay_*"]
    labels: { env: [prod, staging] }
    limits: { series: 2 }
    metrics: { allow: ["pay_*"] }
    credentials: [{ type: token, name: ci, sha256: "${'0'.repeat(64)}" }]
`;

test('lint applies the rules of a team', async () => {
  await using scratch = await createScratch();
  const config = await scratch.write('gateway.yaml', CONFIG);
  const options = ['lint', '--config', config, '--team', 'payments', '-'];
  const sound = await runCli(options, { input: 'pay_total{env="prod"} 1\n' });
  assert.deepEqual([sound.status, sound.stdout], [0, 'SUCCESS: 1 family, 1 series\n']);
  const refused = await runCli(options, { input: 'rows{env="test"} 1\npay_total{env="x"} 1\n' });
  assert.equal(refused.status, 3);
  assert.match(
    refused.stdout,
    /metric "rows" is not among the metrics of the team\n {2}metrics it may push: pay_\*/,
  );
  assert.match(refused.stdout, /may not be "test"\n {2}values it may have: prod, staging/);
  assert.match(refused.stdout, /may not be "x"/);
  const series = await runCli(options, { input: 'pay_a 1\npay_b 1\npay_c 1\n' });
  assert.match(series.stdout, /FAILED: 1 problem \(too_many_series\)/);
  const unknown = await runCli(['lint', '--config', config, '--team', 'x', '-'], { input: '' });
  assert.deepEqual([unknown.status, unknown.stderr], [2, 'pushwarden: there is no team "x"\n']);
  const half = await runCli(['lint', '--team', 'x', '-'], { input: '' });
  assert.equal(half.status, 2);
});

const SUSPICIOUS = {
  'a: 5': ['the name is "a:", with the colon', 'write a if it should only separate'],
  'a:{b="c"} 5': ['the name is "a:", with the colon', 'write a if it should only separate'],
  ':rows 5': ['the name begins with ":"'],
  '# TYPE': ['TYPE of no name is a comment and does nothing'],
  '# type a gauge': ['this is a comment, not TYPE, and does nothing'],
  '# HELP: a rows': ['this is a comment, not HELP, and does nothing'],
  '## TYPE a gauge': ['this is a comment, not TYPE, and does nothing'],
  '# UNIT a seconds': ['UNIT is of OpenMetrics and does nothing here'],
  'a{host="$HOST"} 1': ['label host is "$HOST": was it not replaced?'],
  'a{b="c",host="{{ host }}"} 1': ['label host is "{{ host }}": was it not replaced?'],
  'a{host="<host>"} 1': ['label host is "<host>": was it not replaced?'],
  'a{host="b "} 1': ['label host begins or ends with a blank'],
  'a{host=""} 1': ['label host is empty, which is the same as no label'],
  'a{job="b"} 1': ['the path replaces label job'],
  'rows_total -1': ['"rows_total" is -1, and a counter only grows'],
  'rows_total{a="b"} NaN': ['"rows_total" is NaN, and a counter only grows'],
  'finished_seconds 1712345678000': ['the value looks like a time in milliseconds'],
} as const;
for (const [line, [warning, hint]] of Object.entries(SUSPICIOUS)) {
  test(`lint warns of ${line}, and ends with 0`, async () => {
    const { status, stdout } = await runCli(['lint', '-'], { input: `${line}\nb 1\n` });
    assert.equal(status, 0);
    const lines = stdout.split('\n');
    assert.equal(lines[0], `stdin:1: warning: ${warning}`);
    if (hint !== undefined) assert.equal(lines[1], `  ${hint}`);
    assert.match(stdout, /\nSUCCESS: /);
  });
}

test('lint warns of nothing in what clients write', async () => {
  const input = `#TYPE b gauge
# HELP a:b:rate5m Rows, by "table": a, b
# TYPE a:b:rate5m gauge
a:b:rate5m{host="web-1",path="C:\\\\tmp",cost="5$",q="say \\"hi\\""} 1.5
b{x="a b",y="100%"} -1
# a remark on types: gauge
# the type of a is a gauge
# Help is needed
rows_total 5
# EOF
`;
  const { status, stdout } = await runCli(['lint', '-'], { input });
  assert.deepEqual([status, stdout], [0, 'SUCCESS: 3 families, 3 series\n']);
});
