import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Decision } from '../../../../src/core/decision.ts';
import { parseProtobufExposition } from '../../../../src/core/exposition/protobuf/protobuf-exposition.ts';
import type {
  ContentScope,
  PushContent,
  PushedFamily,
} from '../../../../src/core/exposition/push-content.ts';
import { WIDE_SCOPE } from '../../../support/content-scope.ts';
import { delimited, double, integer, prefixed, signed, varint } from '../../../support/protobuf.ts';

type Fields = readonly Buffer[];

/** Numbers of the metric types, and of their value fields in a metric. */
const TYPES = { counter: 0, gauge: 1, summary: 2, untyped: 3, histogram: 4 } as const;
const VALUES = { counter: 3, gauge: 2, summary: 4, untyped: 5, histogram: 7 } as const;

function parse(body: Uint8Array, scope: Partial<ContentScope> = {}): Decision<PushContent> {
  return parseProtobufExposition(body, { ...WIDE_SCOPE, ...scope });
}

function family(name: string, type: keyof typeof TYPES, ...metrics: readonly Fields[]): Buffer {
  const fields = metrics.map((metric) => delimited(4, ...metric));
  return prefixed(delimited(1, name), delimited(2, 'help'), integer(3, TYPES[type]), ...fields);
}

function metric(type: keyof typeof TYPES, value: Fields, labels: Fields = []): Fields {
  return [...labels, delimited(VALUES[type], ...value)];
}

const label = (name: string, value: string): Buffer =>
  delimited(1, delimited(1, name), delimited(2, value));
const gauge = (...labels: Fields): Fields => metric('gauge', [double(1, 1)], labels);
const bucket = (count: number | bigint, bound: number, ...rest: Fields): Buffer =>
  delimited(3, integer(1, count), double(2, bound), ...rest);
const quantile = (at: number): Buffer => delimited(3, double(1, at), double(2, 1));
const histogram = (...fields: Fields): Fields => metric('histogram', fields);
const summary = (...fields: Fields): Fields => metric('summary', fields);

/** Three observations, two of them in neighbouring buckets, one zero. */
const NATIVE: Fields = [
  integer(1, 3),
  double(2, 2.5),
  signed(5, 3),
  double(6, 1e-128),
  integer(7, 1),
  delimited(12, signed(1, -2), integer(2, 2)),
  signed(13, 1),
  signed(13, 0),
];

const EXEMPLAR: Fields = [
  label('trace_id', 'abc'),
  double(2, 0.5),
  delimited(3, integer(1, 1_700_000_000), integer(2, 5)),
];

const ACCEPTED: readonly (readonly [string, Buffer, readonly PushedFamily[], number])[] = [
  ['nothing', Buffer.alloc(0), [], 0],
  ['a gauge', family('a', 'gauge', gauge()), [{ name: 'a', type: 'gauge' }], 1],
  [
    'families of every simple type',
    Buffer.concat([
      family('a', 'counter', metric('counter', [double(1, 1)])),
      family('b', 'untyped', metric('untyped', [double(1, NaN)])),
      family('c', 'gauge', gauge(label('x', '1')), gauge(label('x', '2'))),
    ]),
    [
      { name: 'a', type: 'counter' },
      { name: 'b', type: 'untyped' },
      { name: 'c', type: 'gauge' },
    ],
    4,
  ],
  [
    'a counter of zero as proto3 encoders write it',
    prefixed(delimited(1, 'a'), delimited(4, delimited(3))),
    [{ name: 'a', type: 'counter' }],
    1,
  ],
  [
    'fields in any order',
    prefixed(
      delimited(4, delimited(2, double(1, 1)), label('x', '1')),
      integer(3, 1),
      delimited(1, 'a'),
    ),
    [{ name: 'a', type: 'gauge' }],
    1,
  ],
  [
    'a counter with an exemplar and its creation',
    family(
      'a',
      'counter',
      metric('counter', [double(1, 1), delimited(2, ...EXEMPLAR), delimited(3, integer(1, 5))]),
    ),
    [{ name: 'a', type: 'counter' }],
    1,
  ],
  [
    'a summary',
    family('a', 'summary', summary(integer(1, 2), double(2, 3), quantile(0.5), quantile(0.9))),
    [{ name: 'a', type: 'summary' }],
    4,
  ],
  [
    'a histogram without its last bucket, as Go writes it',
    family('a', 'histogram', histogram(integer(1, 3), double(2, 1), bucket(1, 0.5), bucket(2, 1))),
    [{ name: 'a', type: 'histogram' }],
    5,
  ],
  [
    'a histogram with its last bucket and an exemplar in it',
    family(
      'a',
      'histogram',
      histogram(integer(1, 3), bucket(3, Infinity, delimited(3, ...EXEMPLAR))),
    ),
    [{ name: 'a', type: 'histogram' }],
    3,
  ],
  [
    'a native histogram',
    family('a', 'histogram', histogram(...NATIVE)),
    [{ name: 'a', type: 'native_histogram' }],
    3,
  ],
  [
    'a native histogram with packed deltas',
    family(
      'a',
      'histogram',
      histogram(...NATIVE.slice(0, -2), delimited(13, varint(2), varint(0))),
    ),
    [{ name: 'a', type: 'native_histogram' }],
    3,
  ],
  [
    'a native histogram that observed NaN',
    family('a', 'histogram', histogram(integer(1, 9), double(2, NaN), ...NATIVE.slice(2))),
    [{ name: 'a', type: 'native_histogram' }],
    3,
  ],
  [
    'native histograms with every kind of bucket, their counts rising and falling',
    family(
      'a',
      'histogram',
      // A negative bucket of 2 and one of 1; after a gap none, and a positive one of 3.
      histogram(
        integer(1, 6),
        signed(5, -4),
        delimited(9, signed(1, 3), integer(2, 2)),
        signed(10, 2),
        signed(10, -1),
        delimited(12, signed(1, -1), integer(2, 1)),
        delimited(12, integer(2, 1)),
        signed(13, 0),
        signed(13, 3),
      ),
    ),
    [{ name: 'a', type: 'native_histogram' }],
    3,
  ],
  ...(
    [
      ['a negative span', delimited(9)],
      ['a positive span', delimited(12)],
      ['a zero threshold', double(6, 1)],
    ] as const
  ).map(
    ([mark, field]) =>
      [
        `a native histogram that only ${mark} marks as one`,
        family('a', 'histogram', histogram(signed(5, 8), field)),
        [{ name: 'a', type: 'native_histogram' }],
        3,
      ] as const,
  ),
  [
    'a native histogram that only observations of zero mark as one',
    family('a', 'histogram', histogram(integer(1, 2), integer(7, 2), double(2, NaN))),
    [{ name: 'a', type: 'native_histogram' }],
    3,
  ],
  [
    'times at their limits',
    family(
      'a',
      'counter',
      metric('counter', [delimited(3, integer(1, 253_402_300_799), integer(2, 999_999_999))]),
    ),
    [{ name: 'a', type: 'counter' }],
    1,
  ],
  [
    'label names that change from metric to metric',
    family(
      'a',
      'gauge',
      gauge(label('x', '1'), label('y', '1')),
      gauge(label('x', '1'), label('z', '1')),
      gauge(label('y', '1'), label('z', '1')),
      gauge(label('x', '1')),
      gauge(label('y', '1')),
      gauge(),
    ),
    [{ name: 'a', type: 'gauge' }],
    6,
  ],
  [
    'a unit that the name ends with',
    Buffer.concat([
      prefixed(
        delimited(1, 'a_seconds'),
        integer(3, 1),
        delimited(5, 'seconds'),
        delimited(4, ...gauge()),
      ),
      prefixed(delimited(1, 'b_bytes_total'), delimited(5, 'bytes'), delimited(4, delimited(3))),
    ]),
    [
      { name: 'a_seconds', type: 'gauge' },
      { name: 'b_bytes_total', type: 'counter' },
    ],
    2,
  ],
];

for (const [name, body, families, series] of ACCEPTED) {
  test(`parseProtobufExposition accepts ${name}`, () => {
    const decision = parse(body);
    assert.ok(decision.effect === 'allow', JSON.stringify(decision));
    assert.deepEqual(
      decision.value.families.map(({ name: family, type }) => ({ name: family, type })),
      families,
    );
    assert.equal(decision.value.series, series);
  });
}

const A = family('a', 'gauge', gauge());
const NATIVE_FAMILY = (...fields: Fields): Buffer => family('a', 'histogram', histogram(...fields));

const REFUSED: readonly (readonly [string, Buffer, RegExp])[] = [
  ['a length of 32 GiB', Buffer.from('ffffffff7f', 'hex'), /family 1: a length beyond/],
  ['a length alone', Buffer.concat([A, Buffer.from([0x7f])]), /family 2: a length beyond/],
  ['a message that is cut off', A.subarray(0, -1), /a length beyond/],
  ['a varint that does not end', Buffer.alloc(11, 0xff), /broken varint/],
  ['a varint longer than it needs', Buffer.concat([Buffer.from([0x80, 0x00]), A]), /broken varint/],
  ['a varint of over 64 bits', Buffer.from('ffffffffffffffffff02', 'hex'), /broken varint/],
  ['a varint of eleven bytes', Buffer.from('8080808080808080808001', 'hex'), /broken varint/],
  [
    'a varint that goes on after the end of its message',
    prefixed(delimited(1, 'a'), delimited(4, Buffer.from([0x80])), integer(3, 1)),
    /broken varint/,
  ],
  ['an empty message', Buffer.from([0]), /no name/],
  ['an empty name', family('', 'gauge', gauge()), /no name/],
  ['a name with a line feed', family('a\nb', 'gauge', gauge()), /"a\\u\{a\}b" is no metric name/],
  ['a name with a point', family('a.b', 'gauge', gauge()), /no metric name/],
  ['a name that is not UTF-8', prefixed(delimited(1, Buffer.from([0xff]))), /not UTF-8/],
  ['a help that is not UTF-8', prefixed(delimited(2, Buffer.from([0xff]))), /not UTF-8/],
  [
    'a help with a NUL',
    prefixed(delimited(1, 'a'), delimited(2, 'x\0'), delimited(4, delimited(3))),
    /NUL/,
  ],
  [
    'a text that is not UTF-8 after characters that are',
    prefixed(delimited(2, Buffer.from('6162ff', 'hex'))),
    /not UTF-8/,
  ],
  ['a family without metrics', family('a', 'gauge'), /no metrics/],
  [
    'a gauge histogram',
    prefixed(delimited(1, 'a'), integer(3, 5), delimited(4, ...gauge())),
    /\(5\)/,
  ],
  [
    'an unknown type',
    prefixed(delimited(1, 'a'), integer(3, 99), delimited(4, ...gauge())),
    /\(99\)/,
  ],
  ['an unknown field', prefixed(delimited(1, 'a'), delimited(6, 'x')), /not known/],
  ['a known field of another wire type', prefixed(integer(1, 5)), /not known/],
  ['a group', prefixed(Buffer.from([0x0b, 0x0c])), /not known/],
  ['two names', prefixed(delimited(1, 'a'), delimited(1, 'a')), /two values for name/],
  ['a family twice', Buffer.concat([A, A]), /family 2: "a" belongs to a gauge/],
  [
    'a family on a name of a summary',
    Buffer.concat([family('a', 'summary', summary()), family('a_sum', 'gauge', gauge())]),
    /"a_sum" belongs to a summary/,
  ],
  ['a metric without a value', family('a', 'gauge', []), /not one gauge/],
  ['a value of another type', family('a', 'counter', gauge()), /not one counter/],
  [
    'two values',
    family('a', 'counter', [...gauge(), delimited(3, double(1, 1))]),
    /not one counter/,
  ],
  ['a value twice', family('a', 'gauge', [...gauge(), ...gauge()]), /two values for gauge/],
  ['a timestamp', family('a', 'gauge', [...gauge(), integer(6, 5)]), /a timestamp/],
  ['a series twice', family('a', 'gauge', gauge(), gauge()), /duplicate series/],
  [
    'a series twice but for an empty label',
    family('a', 'gauge', gauge(), gauge(label('instance', ''))),
    /duplicate series/,
  ],
  [
    'a series twice but for a label that the path replaces',
    family('a', 'gauge', gauge(label('job', 'x')), gauge(label('job', 'y'))),
    /duplicate series/,
  ],
  ['a label twice', family('a', 'gauge', gauge(label('x', '1'), label('x', '1'))), /twice/],
  ['a label without a name', family('a', 'gauge', gauge(delimited(1))), /label name ""/],
  ['a label name with a point', family('a', 'gauge', gauge(label('x.y', '1'))), /label name "x.y"/],
  ['a reserved label', family('a', 'gauge', gauge(label('__name__', 'b'))), /reserved/],
  ['a NUL in a value', family('a', 'gauge', gauge(label('x', '\0'))), /NUL/],
  [
    'a value that is not UTF-8',
    family('a', 'gauge', gauge(delimited(1, delimited(1, 'x'), delimited(2, Buffer.from([0xc3]))))),
    /not UTF-8/,
  ],
  [
    'le on a histogram',
    family('a', 'histogram', metric('histogram', [], [label('le', '1')])),
    /label le or quantile/,
  ],
  [
    'quantile on a summary',
    family('a', 'summary', metric('summary', [], [label('quantile', '1')])),
    /label le or quantile/,
  ],
  ['a quantile twice', family('a', 'summary', summary(quantile(1), quantile(1))), /twice/],
  ['a quantile NaN', family('a', 'summary', summary(quantile(NaN))), /NaN/],
  ['a bound twice', NATIVE_FAMILY(bucket(0, 1), bucket(0, 1)), /twice/],
  ['a bound NaN', NATIVE_FAMILY(bucket(0, NaN)), /NaN/],
  ['counts that fall', NATIVE_FAMILY(integer(1, 2), bucket(2, 1), bucket(1, 2)), /smaller count/],
  ['a count below the last bucket', NATIVE_FAMILY(integer(1, 1), bucket(2, 1)), /smaller count/],
  ['packed deltas that are cut off', NATIVE_FAMILY(Buffer.from([0x6a, 0x01, 0x80])), /varint/],
  ['packed deltas beyond the end', NATIVE_FAMILY(Buffer.from([0x6a, 0x05, 0x00])), /beyond/],
  ['a bucket that rounds to 2^64', NATIVE_FAMILY(bucket(2n ** 64n - 1n, Infinity)), /out of range/],
  ['a count that rounds to 2^64', NATIVE_FAMILY(integer(1, 2n ** 64n - 1n)), /out of range/],
  ['a count that is not whole', NATIVE_FAMILY(double(4, 1.5)), /not whole/],
  ['a bucket that is not whole', NATIVE_FAMILY(delimited(3, double(4, 1.5))), /not whole/],
  [
    'native and classic histograms in one family',
    family('a', 'histogram', histogram(...NATIVE), metric('histogram', [], [label('x', '1')])),
    /native and classic/,
  ],
  ['a schema twice', NATIVE_FAMILY(...NATIVE, signed(5, 9)), /two values/],
  ['schema 9', NATIVE_FAMILY(signed(5, 9)), /schema 9/],
  ['schema -5', NATIVE_FAMILY(signed(5, -5)), /schema -5/],
  ['a zero threshold of NaN', NATIVE_FAMILY(double(6, NaN)), /zero threshold/],
  ['an infinite zero threshold', NATIVE_FAMILY(double(6, Infinity)), /zero threshold/],
  ['a zero threshold below zero', NATIVE_FAMILY(double(6, -1)), /zero threshold/],
  ['a span that begins too far away', NATIVE_FAMILY(delimited(12, signed(1, 2 ** 31))), /beyond/],
  [
    'a count below the buckets of a histogram that observed NaN',
    NATIVE_FAMILY(integer(1, 1), integer(7, 2), double(2, NaN)),
    /sum up/,
  ],
  ['spans without buckets', NATIVE_FAMILY(...NATIVE.slice(0, -1)), /spans/],
  ['buckets without spans', NATIVE_FAMILY(signed(13, 1)), /spans/],
  ['spans that overlap', NATIVE_FAMILY(delimited(12), delimited(12, signed(1, -1))), /spans/],
  ['a bucket below zero', NATIVE_FAMILY(delimited(12, integer(2, 1)), signed(13, -1)), /spans/],
  ['a native count that is too high', NATIVE_FAMILY(integer(1, 4), ...NATIVE.slice(1)), /sum up/],
  [
    'an exemplar with a wrong label',
    family('a', 'counter', metric('counter', [delimited(2, label('x-y', '1'))])),
    /exemplar/,
  ],
  [
    'a wrong exemplar in a bucket',
    NATIVE_FAMILY(integer(1, 1), bucket(1, 1, delimited(3, label('', '1')))),
    /exemplar/,
  ],
  [
    'a wrong exemplar of a native histogram',
    NATIVE_FAMILY(delimited(16, label('', '1'))),
    /exempl/,
  ],
  [
    'a label of an exemplar twice',
    NATIVE_FAMILY(delimited(16, label('x', '1'), label('x', '1'))),
    /exemplar/,
  ],
  [
    'nanoseconds of more than a second',
    NATIVE_FAMILY(delimited(15, integer(2, 1_000_000_000))),
    /time out of range/,
  ],
  [
    'an exemplar of a time far away',
    family('a', 'counter', metric('counter', [delimited(2, delimited(3, integer(1, -1)))])),
    /time out of range/,
  ],
  [
    'a unit that the name does not end with',
    prefixed(delimited(1, 'a'), delimited(5, 'seconds'), delimited(4, delimited(3))),
    /unit "seconds"/,
  ],
  [
    'a unit that is the whole name',
    prefixed(delimited(1, '_s'), delimited(5, 's'), delimited(4, delimited(3))),
    /unit "s"/,
  ],
  [
    'a unit before _total of what is no counter',
    prefixed(delimited(1, 'a_s_total'), integer(3, 1), delimited(5, 's'), delimited(4, ...gauge())),
    /unit "s"/,
  ],
  ['text', Buffer.from('# TYPE a gauge\na 1\n'), /the body is text/],
];

for (const [name, body, problem] of REFUSED) {
  test(`parseProtobufExposition refuses ${name}`, () => {
    const decision = parse(body);
    assert.ok(decision.effect === 'deny', JSON.stringify(decision));
    assert.equal(decision.reason, 'body_invalid');
    assert.match(decision.detail ?? '', problem);
  });
}

test('parseProtobufExposition ends at the limit of series, buckets included', () => {
  const limits = { series: 4, labels: 32, name: 256, labelValue: 1024 };
  const body = (buckets: number): Buffer =>
    NATIVE_FAMILY(...Array.from({ length: buckets }, (_, index) => bucket(0, index)));
  assert.equal(parse(body(1), { limits }).effect, 'allow');
  for (const buckets of [2, 5, 100]) {
    const decision = parse(body(buckets), { limits });
    assert.equal(decision.effect === 'deny' && decision.reason, 'too_many_series');
  }
  const metrics = Array.from({ length: 5 }, (_, index) => gauge(label('x', `${index}`)));
  assert.equal(parse(family('a', 'gauge', ...metrics.slice(1)), { limits }).effect, 'allow');
  const decision = parse(family('a', 'gauge', ...metrics), { limits });
  assert.equal(decision.effect === 'deny' && decision.reason, 'too_many_series');
});

test('parseProtobufExposition holds labels to their limits', () => {
  const limits = { series: 10, labels: 3, name: 256, labelValue: 4 };
  const body = (...labels: Fields): Buffer => family('a', 'gauge', gauge(...labels));
  assert.equal(parse(body(label('x', 'éé'), label('y', '1')), { limits }).effect, 'allow');
  assert.equal(parse(body(label('x', 'éé1')), { limits }).effect, 'deny');
  const three = body(label('x', ''), label('y', ''), label('z', ''));
  assert.equal(parse(three, { limits }).effect, 'deny');
});

test('parseProtobufExposition collects the values of watched labels that reach the store', () => {
  const decision = parse(
    family(
      'a',
      'gauge',
      gauge(label('env', '\uFEFFprod')),
      gauge(label('instance', '1'), label('env', '')),
    ),
    {
      key: { job: 'batch', labels: [{ name: 'instance', value: 'i' }] },
      watchedLabels: new Set(['env', 'instance']),
    },
  );
  assert.ok(decision.effect === 'allow', JSON.stringify(decision));
  assert.deepEqual(decision.value.labelValues.get('env'), new Set(['\uFEFFprod']));
  assert.deepEqual(decision.value.labelValues.get('instance'), new Set());
});

test('parseProtobufExposition holds names to their limit', () => {
  const limits = { series: 10, labels: 4, name: 5, labelValue: 9 };
  assert.equal(
    parse(family('abcde', 'gauge', gauge(label('abcde', 'x'))), { limits }).effect,
    'allow',
  );
  for (const body of [
    family('abcdef', 'gauge', gauge()),
    family('a', 'gauge', gauge(label('abcdef', 'x'))),
  ]) {
    const decision = parse(body, { limits });
    assert.match(
      decision.effect === 'deny' ? (decision.detail ?? '') : '',
      /"abcdef" has over 5 characters/,
    );
  }
});
