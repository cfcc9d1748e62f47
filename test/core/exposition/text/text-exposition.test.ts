import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PushedFamily } from '../../../../src/core/exposition/push-content.ts';
import { parseText } from '../../../support/content-scope.ts';
import { denied } from '../../../support/decision.ts';

const HISTOGRAM = `# HELP h Time spent.
# TYPE h histogram
h_bucket{le="0.1"} 1
h_bucket{le="+Inf"} 3
h_sum 2.5
h_count 3
`;

const ACCEPTED: readonly (readonly [string, string, readonly PushedFamily[], number])[] = [
  ['nothing', '', [], 0],
  ['comments only', '# a comment\n#\n\n', [], 0],
  ['a family without samples', '# HELP a What it is.\n# TYPE a gauge\n', [], 0],
  ['a sample', 'a 1\n', [{ name: 'a', type: 'untyped' }], 1],
  ['every sign of a name', '_az:AZ_09 1\n', [{ name: '_az:AZ_09', type: 'untyped' }], 1],
  [
    'labels more and fewer than on the line before',
    'a{x="1",y="2"} 1\na{x="1"} 1\na 1\na{x="1",y="3"} 1\n',
    [{ name: 'a', type: 'untyped' }],
    4,
  ],
  [
    'names that begin as those of the line before',
    'a{x="1"} 1\na{xy="1"} 1\nab{x="1"} 1\na{x="2"} 1\n',
    [
      { name: 'a', type: 'untyped' },
      { name: 'ab', type: 'untyped' },
    ],
    4,
  ],
  ['a counter', '# TYPE a counter\na 1\n', [{ name: 'a', type: 'counter' }], 1],
  ['a type in capitals', '# TYPE a GAUGE\na 1\n', [{ name: 'a', type: 'gauge' }], 1],
  ['a histogram', HISTOGRAM, [{ name: 'h', type: 'histogram' }], 4],
  [
    'a histogram with labels, its buckets in any order',
    '# TYPE h histogram\nh_bucket{le="+Inf",a="b"} 3\nh_bucket{a="b",le="1"} 2\n',
    [{ name: 'h', type: 'histogram' }],
    2,
  ],
  [
    'a histogram without sum and count, as Python sends it for negative bounds',
    '# TYPE h histogram\nh_bucket{le="-1.0"} 1.0\nh_bucket{le="+Inf"} 3.0\n',
    [{ name: 'h', type: 'histogram' }],
    2,
  ],
  [
    'a summary',
    '# TYPE s summary\ns{quantile="0.5"} NaN\ns{quantile="0.99"} 2\ns_sum 2\ns_count 1\n',
    [{ name: 's', type: 'summary' }],
    4,
  ],
  [
    'a summary without quantiles',
    '# TYPE s summary\ns_sum 0\ns_count 0\n',
    [{ name: 's', type: 'summary' }],
    2,
  ],
  [
    'families that alternate',
    'a{x="1"} 1\nb 1\na{x="2"} 1\n',
    [
      { name: 'a', type: 'untyped' },
      { name: 'b', type: 'untyped' },
    ],
    3,
  ],
  [
    'le and quantile as plain labels of plain families',
    'a_bucket{le="x"} 1\n# TYPE g gauge\ng{quantile="0.5"} 1\n',
    [
      { name: 'a_bucket', type: 'untyped' },
      { name: 'g', type: 'gauge' },
    ],
    2,
  ],
  [
    'a bucket name beside a summary',
    '# TYPE s summary\ns_sum 1\ns_bucket 1\n',
    [
      { name: 's', type: 'summary' },
      { name: 's_bucket', type: 'untyped' },
    ],
    2,
  ],
  [
    'blanks wherever they may be',
    ' \t a { x = "1" , y = "2" , } \t 1\n \t \n',
    [{ name: 'a', type: 'untyped' }],
    1,
  ],
  ['no blank before the value after braces', 'a{}1\n', [{ name: 'a', type: 'untyped' }], 1],
  [
    'every escape',
    '# HELP a b\\\\c\\nd"e\na{x="\\\\ \\" \\n"} 1\n',
    [{ name: 'a', type: 'untyped' }],
    1,
  ],
  [
    'a carriage return inside of text',
    '# HELP a b\rc\r\na{x="\r"} 1\n',
    [{ name: 'a', type: 'untyped' }],
    1,
  ],
  ['text in any script', '# HELP a Größe 🦆\na{x="жук"} 1\n', [{ name: 'a', type: 'untyped' }], 1],
  ['help after samples', 'a 1\n# HELP a late\n', [{ name: 'a', type: 'untyped' }], 1],
  ['help without text', '# HELP a\n# HELP b \na 1\n', [{ name: 'a', type: 'untyped' }], 1],
  ['comments that are close to keywords', '# HELP\n# TYPE \n# TYPES a b\n#HELP: x\n# EOF\n', [], 0],
  [
    'keywords without a blank after the hash',
    '#TYPE a gauge\na 1\n',
    [{ name: 'a', type: 'gauge' }],
    1,
  ],
];

for (const [name, text, families, series] of ACCEPTED) {
  test(`parseTextExposition accepts ${name}`, () => {
    const decision = parseText(text);
    assert.ok(decision.effect === 'allow', JSON.stringify(decision));
    assert.deepEqual(
      decision.value.families.map(({ name: family, type }) => ({ name: family, type })),
      families,
    );
    assert.equal(decision.value.series, series);
  });
}

const REFUSED: readonly (readonly [string, string, number, RegExp])[] = [
  ['CRLF after a value', 'a 1\nb 1\r\nc 1\n', 2, /carriage return/],
  ['CRLF after a type', '# TYPE a gauge\r\n', 1, /carriage return/],
  ['CRLF on an empty line', 'a 1\n\r\n', 2, /carriage return/],
  ['a byte order mark', '\uFEFFa 1\n', 1, /byte order mark/],
  ['a missing last line feed', 'a 1\nb 2', 2, /no line feed/],
  ['a decimal comma', 'a 1,5\n', 1, /"1,5" is not a value/],
  ['a timestamp', 'a 1 1712345678000\n', 1, /timestamp/],
  ['something after the value', 'a 1 # {trace="x"} 1\n', 1, /an exemplar after the value/],
  ['blanks after the value', 'a 1\nb 1 \n', 2, /blanks after the value/],
  ['a hyphen in a name', 'a 1\nbatch-duration 1\n', 2, /cannot have "-"/],
  ['a digit at the beginning of a name', '1a 1\n', 1, /cannot begin with "1"/],
  ['a quoted name', 'a 1\n"a b" 1\n', 2, /metric name in quotes/],
  ['a name in braces', 'a 1\n{"a"} 1\n', 2, /metric name in quotes/],
  ['HTML', '<!doctype html>\n', 1, /HTML/],
  ['JSON', ' {"a": 1}\n', 1, /JSON/],
  ['a JSON list', '[1]\n', 1, /JSON/],
  ['a NUL', 'a 1\n# \0\n', 2, /NUL/],
  ['a name alone', 'a\n', 1, /has no value/],
  ['labels alone', 'a{x="1"}\n', 1, /value is missing/],
  ['an unknown type', '# TYPE a gauge_histogram\na 1\n', 1, /"gauge_histogram" is not a type/],
  ['a type of OpenMetrics', '# TYPE a unknown\n', 1, /not a type/],
  ['a TYPE without a type', '# TYPE a\n', 1, /without a type/],
  ['blanks after a type', '# TYPE a gauge \n', 1, /blanks after the type/],
  ['a HELP of what is no name', '# HELP a-b text\n', 1, /name with "-"/],
  ['a second TYPE', '# TYPE a gauge\n# TYPE a gauge\n', 2, /second TYPE/],
  ['a TYPE after samples', 'a 1\n# TYPE a gauge\n', 2, /late TYPE/],
  ['a second HELP', '# HELP a x\n# HELP a x\n', 2, /second HELP/],
  ['an escaped quote in HELP', '# HELP a \\"x\\"\n', 1, /escape/],
  ['a backslash at the end of HELP', '# HELP a x\\\nb 1\n', 1, /escape/],
  ['a wrong escape in a value', 'a{x="\\d"} 1\n', 1, /escape/],
  ['a value without its closing quote', 'a{x="1} 1\n', 1, /closing quote/],
  ['a value without quotes', 'a{x=1} 1\n', 1, /"x" needs quotes/],
  ['a label without a value', 'a{x} 1\n', 1, /a label/],
  ['a label name with a hyphen', 'a{x-y="1"} 1\n', 1, /a label/],
  ['a comma too many', 'a{x="1",,} 1\n', 1, /a comma where/],
  ['braces that stay open', 'a{x="1"\n', 1, /"\}" is missing/],
  ['a digit at the beginning of a label name', 'a{9x="1"} 1\n', 1, /begin with a digit/],
  ['a line that ends in its labels', 'a{\n', 1, /"\}" is missing/],
  ['a label twice', 'a{x="1",x="1"} 1\n', 1, /"x" is there twice/],
  ['__name__ as a label', 'a{__name__="b"} 1\n', 1, /reserved/],
  ['a reserved label name', 'a{__x="b"} 1\n', 1, /reserved/],
  ['a series twice', 'a{x="1",y="2"} 1\nb 1\na{y="2",x="1"} 2\n', 3, /duplicate series of "a"/],
  ['an empty label beside none', 'a{instance=""} 1\na 1\n', 2, /duplicate/],
  ['a sum twice', '# TYPE s summary\ns_sum 1\ns_sum 1\n', 3, /duplicate series of "s_sum"/],
  ['a count twice', `${HISTOGRAM}h_count 3\n`, 7, /duplicate series of "h_count"/],
  [
    'a summary in parts that an empty label tells apart',
    '# TYPE s summary\ns_sum{x=""} 1\ns_count 1\n',
    3,
    /duplicate series of "s_count"/,
  ],
  [
    'a summary in parts that a label tells apart which the path replaces',
    '# TYPE s summary\ns_sum{job="x"} 1\ns_count{job=""} 1\n',
    3,
    /duplicate series of "s_count"/,
  ],
  ['a bound twice', '# TYPE h histogram\nh_bucket{le="1"} 1\nh_bucket{le="1.0"} 1\n', 2, /twice/],
  ['a quantile twice', '# TYPE s summary\ns{quantile="0.5"} 1\ns{quantile=".5"} 1\n', 2, /twice/],
  ['no last bucket', '# TYPE h histogram\nh_bucket{le="1"} 1\n', 2, /no bucket le="\+Inf"/],
  ['a sum without buckets', '# TYPE h histogram\nh_sum 1\n', 2, /no bucket/],
  [
    'counts that fall',
    '# TYPE h histogram\nh_bucket{le="+Inf"} 1\nh_bucket{le="1"} 2\n',
    2,
    /smaller count at le="\+Inf"/,
  ],
  [
    'counts that fall after they rose',
    '# TYPE h histogram\nh_bucket{le="1"} 1\nh_bucket{le="2"} 2\nh_bucket{le="+Inf"} 1\n',
    2,
    /smaller count at le="\+Inf"/,
  ],
  [
    'a bound twice after others',
    '# TYPE h histogram\nh_bucket{le="1"} 1\nh_bucket{le="2"} 1\nh_bucket{le="2"} 1\n',
    2,
    /le="2" twice/,
  ],
  ['a bucket without le', '# TYPE h histogram\nh_bucket 1\n', 2, /needs the label le/],
  ['a bound that is no number', '# TYPE h histogram\nh_bucket{le="x"} 1\n', 2, /le="x" is not/],
  ['NaN as a bound', '# TYPE h histogram\nh_bucket{le="NaN"} 1\n', 2, /not a number/],
  ['le on a sum', '# TYPE h histogram\nh_sum{le="1"} 1\n', 2, /cannot have the label le/],
  ['quantile in a histogram', '# TYPE h histogram\nh_sum{quantile="1"} 1\n', 2, /cannot have/],
  ['le in a summary', '# TYPE s summary\ns{le="1"} 1\n', 2, /cannot have the label le/],
  ['a bare sample of a histogram', '# TYPE h histogram\nh{le="1"} 1\n', 2, /ends in _bucket/],
  ['a bare sample of a summary', '# TYPE s summary\ns 1\n', 2, /needs the label quantile/],
  ['half an observation', '# TYPE s summary\ns_count 1.5\n', 2, /"1.5" is not a count/],
  ['fewer than no observations', '# TYPE s summary\ns_count -1\n', 2, /"-1" is not a count/],
  ['infinitely many', '# TYPE h histogram\nh_bucket{le="+Inf"} +Inf\n', 2, /not a count/],
  ['more than 64 bits', '# TYPE s summary\ns_count 18446744073709551616\n', 2, /not a count/],
  [
    'a family on a name of a histogram',
    `${HISTOGRAM}# TYPE h_count gauge\n`,
    7,
    /"h_count" belongs/,
  ],
  ['HELP on a name of a histogram', `${HISTOGRAM}# HELP h_sum x\n`, 7, /"h_sum" belongs/],
  ['a histogram over another family', `h_sum 1\n${HISTOGRAM}`, 3, /"h_sum" belongs/],
  ['a histogram over a declared name', `# HELP h_sum x\n${HISTOGRAM}`, 3, /"h_sum" belongs/],
];

for (const [name, text, line, problem] of REFUSED) {
  test(`parseTextExposition refuses ${name}, naming line ${line}`, () => {
    const decision = parseText(text);
    assert.ok(decision.effect === 'deny');
    assert.equal(decision.reason, 'body_invalid');
    assert.match(decision.detail ?? '', new RegExp(`^line ${line}: `));
    assert.match(decision.detail ?? '', problem);
  });
}

const BROKEN_BYTES: readonly (readonly [string, Uint8Array, number, RegExp])[] = [
  ['Latin-1 in HELP', Buffer.from('a 1\n# HELP b \xe9\n', 'latin1'), 2, /not UTF-8/],
  ['Latin-1 in a label value', Buffer.from('a{x="\xff"} 1\n', 'latin1'), 1, /not UTF-8/],
  ['a character cut in two', Buffer.from('a 1\n# é\n').subarray(0, -2), 2, /not UTF-8/],
  ['an overlong form', Buffer.from([0x23, 0xc0, 0xaf, 0x0a]), 1, /not UTF-8/],
  ['a surrogate', Buffer.from([0x23, 0xed, 0xa0, 0x80, 0x0a]), 1, /not UTF-8/],
  ['UTF-16 with its mark', Buffer.from('\uFEFFa 1\n', 'utf16le'), 1, /UTF-16/],
  ['UTF-16 without its mark', Buffer.from('a 1\n', 'utf16le'), 1, /UTF-16/],
  ['a NUL character', Buffer.from('a 1\nb\0 2\n'), 2, /NUL/],
];

for (const [name, body, line, problem] of BROKEN_BYTES) {
  test(`parseTextExposition refuses ${name}`, () => {
    const decision = parseText(body);
    assert.ok(decision.effect === 'deny');
    assert.equal(decision.reason, 'body_invalid');
    assert.match(decision.detail ?? '', new RegExp(`^line ${line}: `));
    assert.match(decision.detail ?? '', problem);
  });
}

test('parseTextExposition tells series apart by the labels that the path does not replace', () => {
  const twice = 'a{job="x",instance="1"} 1\na{job="y",instance="2"} 1\n';
  assert.equal(parseText(twice).effect, 'allow');
  const key = { job: 'batch', labels: [{ name: 'instance', value: 'i' }] };
  const { detail, hints } = denied(parseText(twice, { key }));
  assert.equal(detail, 'line 2: duplicate series of "a"');
  assert.match(hints?.join('\n') ?? '', /the path replaces "instance", "job" of the body/);
  assert.match(hints?.join('\n') ?? '', /rename the label in the body/);
});

for (const bytes of ['0b0980', 'ffd8ffe000104a464946', '81818181000102', '2bd1b50481']) {
  test(`parseTextExposition says of ${bytes} that it is binary, and how to compress`, () => {
    const { detail, hints } = denied(parseText(Buffer.from(bytes, 'hex')));
    assert.equal(detail, 'the body is binary, not text');
    assert.match(hints?.join('\n') ?? '', /gzip is taken, with Content-Encoding: gzip/);
  });
}

test('parseTextExposition says of a series that is there twice to give it a label', () => {
  const { hints } = denied(parseText('a 1\na 2\n'));
  assert.match(hints?.join('\n') ?? '', /give each a label of its own/);
});

test('parseTextExposition ends at the limit of series', () => {
  const limits = { series: 2, labels: 32, name: 256, labelValue: 1024 };
  const atLimit = ['a 1\nb 1\n', 'a{x="1"} 1\na{x="2"} 1\n', '# HELP a x\n# HELP b x\n'];
  for (const text of atLimit) assert.equal(parseText(text, { limits }).effect, 'allow', text);
  const over = [
    'a 1\nb 1\nc 1\n',
    'a{x="1"} 1\na{x="2"} 1\na{x="3"} 1\n',
    '# TYPE a gauge\n# HELP b\n# HELP c x\n',
  ];
  for (const text of over) {
    const decision = parseText(`${text}-\n`, { limits });
    assert.equal(decision.effect === 'deny' && decision.reason, 'too_many_series', text);
  }
});

test('parseTextExposition counts the labels of the path, each name once', () => {
  const limits = { series: 10, labels: 4, name: 256, labelValue: 1024 };
  const key = { job: 'batch', labels: [{ name: 'instance', value: 'i' }] };
  assert.equal(parseText('a{x="",y="",instance=""} 1\n', { limits, key }).effect, 'allow');
  const decision = parseText('a{x="",y="",z=""} 1\n', { limits, key });
  assert.match(decision.effect === 'deny' ? (decision.detail ?? '') : '', /5 labels/);
});

test('parseTextExposition does not read on when a line has more labels than it can have', () => {
  const limits = { series: 10, labels: 3, name: 256, labelValue: 1024 };
  const key = { job: 'batch', labels: [{ name: 'instance', value: 'i' }] };
  const decision = parseText('a{b="",instance="",job="",d="",e="",f', { limits, key });
  assert.match(decision.effect === 'deny' ? (decision.detail ?? '') : '', /"\}" is missing/);
  const whole = parseText('a{b="",instance="",job="",d="",e="",f\n', { limits, key });
  assert.match(whole.effect === 'deny' ? (whole.detail ?? '') : '', /"\}" is missing/);
  const more = parseText('a{b="",instance="",job="",d="",e="",f="",g\n', { limits, key });
  assert.match(more.effect === 'deny' ? (more.detail ?? '') : '', /over 3 labels/);
});

test('parseTextExposition says of each limit that an operator can raise it', () => {
  const limits = { series: 10, labels: 2, name: 3, labelValue: 4 };
  const OVER = [
    ['a{b="",c="",d=""} 1\n', 'limits.labels'],
    ['a{b="",c="",d="",e="",f=""} 1\n', 'limits.labels'],
    ['a{b="12345"} 1\n', 'limits.label_value'],
    ['abcd 1\n', 'limits.name'],
  ] as const;
  for (const [text, key] of OVER) {
    const hints = denied(parseText(text, { limits })).hints ?? [];
    assert.ok(hints.join('\n').includes(`an operator can raise ${key} of the team`), text);
  }
});

test('parseTextExposition measures label values in bytes of what they mean', () => {
  const limits = { series: 10, labels: 4, name: 256, labelValue: 4 };
  for (const value of ['abcd', 'éé', '🦆', '\\\\\\\\\\n\\"']) {
    assert.equal(parseText(`a{x="${value}"} 1\n`, { limits }).effect, 'allow', value);
  }
  for (const value of ['abcde', 'ééx', '🦆x', '\\\\\\\\\\n\\"x']) {
    const decision = parseText(`a{x="${value}"} 1\n`, { limits });
    assert.match(decision.effect === 'deny' ? (decision.detail ?? '') : '', /over 4 bytes/);
  }
});

test('parseTextExposition collects the values of watched labels that reach the store', () => {
  const decision = parseText(
    'a{env="prod",x="1"} 1\na{env="te\\"st",x="2"} 1\nb{env="prod"} 1\nc{env=""} 1\nd{instance="9"} 1\n',
    {
      key: { job: 'batch', labels: [{ name: 'instance', value: 'i' }] },
      watchedLabels: new Set(['env', 'instance', 'zone']),
    },
  );
  assert.ok(decision.effect === 'allow');
  assert.deepEqual(Object.fromEntries(decision.value.labelValues), {
    env: new Set(['prod', 'te"st']),
    instance: new Set(),
    zone: new Set(),
  });
});

test('parseTextExposition echoes little of a long line', () => {
  const decision = parseText(`a 1 ${'x'.repeat(10_000)}\n`);
  assert.ok(decision.effect === 'deny' && (decision.detail ?? '').length < 75);
});

test('parseTextExposition holds names to their limit', () => {
  const limits = { series: 10, labels: 4, name: 5, labelValue: 9 };
  for (const body of ['abcde 1\n', 'a{abcde="x"} 1\n', '# HELP abcde x\n']) {
    assert.equal(parseText(body, { limits }).effect, 'allow', body);
  }
  const long = ['abcdef 1\n', 'a{abcdef="x"} 1\n', '# HELP abcdef x\n', '# TYPE abcdef gauge\n'];
  for (const body of long) {
    const decision = parseText(body, { limits });
    assert.ok(decision.effect === 'deny', body);
    assert.equal(decision.detail, 'line 1: the name "abcdef" has over 5 characters');
  }
});
