import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { ContentScope } from '../../../../src/core/exposition/push-content.ts';
import { parseTextExposition } from '../../../../src/core/exposition/text/text-exposition.ts';
import { WIDE_SCOPE } from '../../../support/content-scope.ts';
import { allowed } from '../../../support/decision.ts';
import { heapGrowth } from '../../../support/heap-growth.ts';

/** Of a push to a group of its own, of which nothing is known. */
function scopeOf(rest: Partial<ContentScope> = {}): ContentScope {
  const key = { job: 'x', labels: [{ name: 'instance', value: 'a' }] };
  return { ...WIDE_SCOPE, key, watchedLabels: new Set(['part']), ...rest };
}

/** Understood as if it were the first of its group. */
function parseAfresh(body: Buffer, scope: ContentScope) {
  return parseTextExposition(body, scopeOf({ limits: scope.limits }));
}

/** Values that are plain, that are not, and what is none. */
const VALUES = [
  ...['1', '22', '-3.5', '0', '0.25', '123456789012345', '7.123456'],
  ...['1e5', 'NaN', '+Inf', '+1', '01', '1.', '.5', '-0', '1.0', '1234567890123456', '7.1234567'],
  ...['', '1_000', '0x1', 'one', '1 1700000000', '1 ', '-', '"', '}1', '1\r', '1\n1'],
] as const;
const LINES = [
  ...[
    '# TYPE rows gauge',
    '# TYPE rows counter',
    '# TYPE other gauge',
    '# HELP rows of é',
    '',
    '# a',
  ],
  ...['rows VALUE', ' rows\tVALUE', 'other{a="b"} VALUE', 'other{a="b c"}VALUE', 'more:x VALUE'],
  ...[
    'rows{part="1"} VALUE',
    'rows{part="2"} VALUE',
    'rows{part="é"} VALUE',
    'rows{part="}"}VALUE',
  ],
  ...[
    'rows{part="1",a=""} VALUE',
    'rows{a="\\"",} VALUE',
    'rows{instance="z"} VALUE',
    '\tmore VALUE',
  ],
  ...[
    '# TYPE took histogram',
    'took_bucket{le="+Inf"} VALUE',
    'took_sum VALUE',
    'took_count VALUE',
  ],
] as const;

const sound = fc.constantFrom(...VALUES.slice(0, 7));
const value = fc.oneof({ weight: 20, arbitrary: sound }, fc.constantFrom(...VALUES));
const lines = fc.subarray([...LINES], { minLength: 1, maxLength: 6 });
/** One body after the other: the same lines with other values, and now and then with a byte changed. */
const bodies = fc
  .tuple(
    fc.uniqueArray(lines, { minLength: 1, maxLength: 2 }),
    fc.constantFrom('\n', '\n', '\n', ''),
  )
  .chain(([texts, end]) =>
    fc.array(
      fc.record({
        text: fc.constantFrom(...texts),
        values: fc.array(value, { minLength: 6, maxLength: 6 }),
        change: fc.option(fc.record({ at: fc.nat(), to: fc.constantFrom(...' \n{}"#1é') }), {
          freq: 5,
        }),
        end: fc.constant(end),
      }),
      { minLength: 3, maxLength: 14 },
    ),
  );
type Drawn = typeof bodies extends fc.Arbitrary<readonly (infer T)[]> ? T : never;

function render({ text, values, change, end }: Drawn): Buffer {
  const body = text.map((line, at) => line.replace('VALUE', values[at] ?? '')).join('\n') + end;
  if (change === null) return Buffer.from(body);
  const at = change.at % (body.length + 1);
  return Buffer.from(body.slice(0, at) + change.to + body.slice(at + 1));
}

test('a body that is read by the one before it holds what it would alone', () => {
  fc.assert(
    fc.property(bodies, (drawn) => {
      const scope = scopeOf();
      for (const one of drawn) {
        const body = render(one);
        assert.deepEqual(parseTextExposition(body, scope), parseAfresh(body, scope), String(body));
      }
    }),
    { numRuns: 2000 },
  );
});

test('the same body with other values is read by the one before it', () => {
  const scope = scopeOf();
  const parse = (values: readonly string[]) => {
    const lines = values.map((one, at) => `rows{part="${at}"} ${one}\n`);
    return allowed(parseTextExposition(Buffer.from(`# TYPE rows gauge\n${lines.join('')}`), scope));
  };
  parse(['1', '2']); // whether a group is pushed to again is not known yet
  const second = parse(['1', '2']);
  assert.equal(parse(['3', '4']), second);
  const longer = parse(['3.25', '-4']);
  assert.equal(longer.labelValues, second.labelValues);
  assert.equal((longer.families[0]?.bytes ?? 0) - (second.families[0]?.bytes ?? 0), 4);
});

test('one body after another, and then others for long: each is read by those before it', () => {
  const scope = scopeOf();
  const parse = (text: string) => allowed(parseTextExposition(Buffer.from(text), scope));
  parse('a 1\n');
  const known = parse('a 1\n');
  for (let at = 0; at < 5; at += 1) {
    assert.notEqual(parse(`b${at} 1\n`), known);
    assert.equal(parse('a 2\n'), known);
  }
  for (let at = 0; at < 40; at += 1) parse('b 1\n');
  assert.equal(parse('b 1\n'), parse('b 2\n'));
});

test('a body is not read by one that was accepted under other limits or for other labels', () => {
  const scope = scopeOf();
  const body = Buffer.from('rows{part="long"} 1\nrows 1\n');
  for (let at = 0; at < 3; at += 1) allowed(parseTextExposition(body, scope));
  const limits = { ...scope.limits, series: 1 };
  assert.equal(parseTextExposition(body, { ...scope, limits }).effect, 'deny');
  for (let at = 0; at < 3; at += 1) allowed(parseTextExposition(body, scope));
  const watched = allowed(
    parseTextExposition(body, { ...scope, watchedLabels: new Set(['other']) }),
  );
  assert.deepEqual([...watched.labelValues.keys()], ['other']);
});

test('a large body, and one of a histogram, is read each time', () => {
  for (const text of [
    `# TYPE h histogram\nh_bucket{le="+Inf"} 1\nh_sum 1\nh_count 1\n`,
    `# HELP rows ${'x'.repeat(9000)}\nrows 1\n`,
  ]) {
    const scope = scopeOf();
    const parse = () => allowed(parseTextExposition(Buffer.from(text), scope));
    parse();
    parse();
    assert.notEqual(parse(), parse());
  }
});

test('what is remembered of bodies is bounded, of such with very many families too', () => {
  const families = Array.from({ length: 1000 }, (_, at) => `m${at} 1\n`);
  const body = Buffer.from(families.join(''));
  const scopes = Array.from({ length: 120 }, (_, at) =>
    scopeOf({ key: { job: `x${at}`, labels: [] } }),
  );
  const parseAll = () => scopes.map((scope) => parseTextExposition(body, scope).effect);
  const bytes = heapGrowth(() => {
    parseAll();
    parseAll();
  });
  assert.ok(parseAll().every((effect) => effect === 'allow')); // the keys are in use
  assert.ok(bytes < 8 * 1024 * 1024, `${bytes} bytes are kept`);
});
