import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { explainGroup, type GroupContents, type Operation } from './push-history.ts';

/** Written as `METHOD families value from-to end`, such as `PUT a,b 1 0-2` or `DELETE - 3 4-5 unknown`. */
function parse(text: string): Operation {
  const [method = '', families = '', value = '', times = '', end = 'acknowledged'] =
    text.split(' ');
  const [startedAt = 0, endedAt = 0] = times.split('-').map(Number);
  return {
    ...{ group: 'g', value, startedAt, endedAt },
    method: method as Operation['method'], // as the tests write them
    families: families === '-' ? [] : families.split(','),
    end: end as Operation['end'],
  };
}

const cases: readonly (readonly [string, readonly string[], GroupContents, RegExp | undefined])[] =
  [
    ['the last push counts', ['POST a 1 0-1', 'POST a 2 2-3'], { a: '2' }, undefined],
    ['an acknowledged push is lost', ['POST a 1 0-1'], {}, /no order/],
    ['an older push came back', ['POST a 1 0-1', 'POST a 2 2-3'], { a: '1' }, /no order/],
    [
      'of two at the same time either is last',
      ['POST a 1 0-3', 'POST a 2 2-4'],
      { a: '1' },
      undefined,
    ],
    ['a PUT takes away', ['POST a 1 0-1', 'PUT b 2 2-3'], { b: '2' }, undefined],
    ['a PUT took nothing away', ['POST a 1 0-1', 'PUT b 2 2-3'], { a: '1', b: '2' }, /no order/],
    ['a DELETE counts', ['PUT a 1 0-1', 'DELETE - 2 2-3'], {}, undefined],
    ['what was deleted came back', ['PUT a 1 0-1', 'DELETE - 2 2-3'], { a: '1' }, /no order/],
    [
      'a push at the time of a DELETE stays',
      ['PUT a 1 0-3', 'DELETE - 2 2-4'],
      { a: '1' },
      undefined,
    ],
    ['a push is torn', ['POST a,b 1 0-1'], { a: '1' }, /no order/],
    [
      'two PUTs are mixed',
      ['PUT a,b 1 0-3', 'PUT a,c 2 1-4'],
      { a: '2', b: '1', c: '2' },
      /no order/,
    ],
    ['what is unknown happened', ['POST a 1 0-1', 'POST a 2 2-3 unknown'], { a: '2' }, undefined],
    ['what is unknown did not', ['POST a 1 0-1', 'POST a 2 2-3 unknown'], { a: '1' }, undefined],
    ['it came late', ['POST a 1 0-1 unknown', 'POST a 2 2-3'], { a: '1' }, undefined],
    ['it happened before its start', ['POST a 1 4-5', 'DELETE - 2 0-1 unknown'], {}, undefined],
    ['an unknown DELETE', ['PUT a 1 0-1', 'DELETE - 2 2-3 unknown'], {}, undefined],
    ['a DELETE took half', ['PUT a,b 1 0-1', 'DELETE - 2 2-3 unknown'], { a: '1' }, /no order/],
    ['a refused push happened', ['POST a 1 0-1', 'POST a 2 2-3 refused'], { a: '2' }, /refused/],
    ['nobody pushed it', ['POST a 1 0-1'], { a: '7' }, /nobody/],
  ];

for (const [what, operations, held, wrong] of cases) {
  test(`${wrong === undefined ? 'explained' : 'not explained'}: ${what}`, () => {
    const found = explainGroup(operations.map(parse), held);
    if (wrong === undefined) assert.equal(found, undefined);
    else assert.match(found ?? 'explained', wrong);
  });
}

/** Runs operations in the given order; what ended unknown happened by its value being even. */
function run(operations: readonly Operation[]): Record<string, string> {
  const held: Record<string, string> = {};
  for (const { method, families, value, end } of operations) {
    if (end === 'refused' || (end === 'unknown' && Number(value) % 2 === 1)) continue;
    if (method !== 'POST') for (const family of Object.keys(held)) delete held[family];
    for (const family of families) held[family] = value;
  }
  return held;
}

const anyOperation = fc.record({
  method: fc.constantFrom('POST' as const, 'POST' as const, 'PUT' as const, 'DELETE' as const),
  families: fc.subarray(['a', 'b', 'c'], { minLength: 1 }),
  early: fc.nat(3),
  late: fc.nat(3),
  end: fc.constantFrom(
    'acknowledged' as const,
    'acknowledged' as const,
    'unknown' as const,
    'refused' as const,
  ),
});

/** In the order in which they start; the times of neighbours overlap, or not. */
const anyHistory = (constraints: fc.ArrayConstraints) =>
  fc.array(anyOperation, constraints).map((drawn) =>
    drawn.map(
      ({ early, late, ...one }, at): Operation => ({
        ...{ ...one, group: 'g', value: String(at) },
        families: one.method === 'DELETE' ? [] : one.families,
        ...{ startedAt: 2 * at - early, endedAt: 2 * at + late },
      }),
    ),
  );

test('what a store holds that ran the operations in an order of their times is explained', () => {
  fc.assert(
    fc.property(anyHistory({ maxLength: 12 }), (operations) => {
      assert.equal(explainGroup(operations, run(operations)), undefined);
    }),
  );
});

/** What is held after each order that the times allow, with every choice of what is unknown. */
function listEnds(left: readonly Operation[], done: readonly Operation[] = []): readonly string[] {
  if (left.length === 0) return [show(run(done))];
  return left.flatMap((one) => {
    const others = left.filter((other) => other !== one);
    const without = one.end === 'acknowledged' ? [] : listEnds(others, done);
    const isNext = others.every(
      (other) => other.end !== 'acknowledged' || other.endedAt >= one.startedAt,
    );
    if (!isNext || one.end === 'refused') return without;
    return [...without, ...listEnds(others, [...done, { ...one, end: 'acknowledged' }])];
  });
}

const show = (held: GroupContents): string => JSON.stringify(Object.entries(held).sort());

test('nothing else is explained: every order of a few operations is tried', () => {
  const value = fc.constantFrom('0', '1', '2', '3');
  const anyHeld = fc.dictionary(fc.constantFrom('a', 'b', 'c'), value);
  fc.assert(
    fc.property(anyHistory({ minLength: 1, maxLength: 4 }), anyHeld, (operations, held) => {
      const isReachable = listEnds(operations).includes(show(held));
      assert.equal(explainGroup(operations, held) === undefined, isReachable);
    }),
    { numRuns: 2000 },
  );
});
