import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { canonicalJson } from '../../../src/core/audit/canonical-json.ts';

// RFC 8785 section 3.2.2: the input and its serialisation with primitive types
const PRIMITIVES = `{
  "numbers": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],
  "string": "\\u20ac$\\u000F\\u000aA'\\u0042\\u0022\\u005c\\\\\\"\\/",
  "literals": [null, true, false]
}`;
const PRIMITIVES_CANONICAL =
  '{"literals":[null,true,false],' +
  '"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],' +
  '"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}';

// RFC 8785 section 3.2.3: members sort by UTF-16 code units, not by code points
const SORTED = `{
  "\\u20ac": "Euro Sign",
  "\\r": "Carriage Return",
  "\\ufb33": "Hebrew Letter Dalet With Dagesh",
  "1": "One",
  "\\ud83d\\ude00": "Emoji: Grinning Face",
  "\\u0080": "Control",
  "\\u00f6": "Latin Small Letter O With Diaeresis"
}`;
const SORTED_VALUES = [
  'Carriage Return',
  'One',
  'Control',
  'Latin Small Letter O With Diaeresis',
  'Euro Sign',
  'Emoji: Grinning Face',
  'Hebrew Letter Dalet With Dagesh',
];

test('canonicalJson writes primitives as RFC 8785 shows', () => {
  assert.equal(canonicalJson(JSON.parse(PRIMITIVES)), PRIMITIVES_CANONICAL);
});

test('canonicalJson sorts members as RFC 8785 shows', () => {
  const canonical = canonicalJson(JSON.parse(SORTED));
  const values = [...canonical.matchAll(/:"([^"]*)"/g)].map(([, value]) => value);
  assert.deepEqual(values, SORTED_VALUES);
});

// RFC 8785 appendix B: IEEE 754 bits and their serialisation
for (const [bits, text] of [
  ['0000000000000000', '0'],
  ['8000000000000000', '0'],
  ['0000000000000001', '5e-324'],
  ['8000000000000001', '-5e-324'],
  ['7fefffffffffffff', '1.7976931348623157e+308'],
  ['ffefffffffffffff', '-1.7976931348623157e+308'],
  ['4340000000000000', '9007199254740992'],
  ['c340000000000000', '-9007199254740992'],
  ['4430000000000000', '295147905179352830000'],
  ['44b52d02c7e14af5', '9.999999999999997e+22'],
  ['44b52d02c7e14af6', '1e+23'],
  ['44b52d02c7e14af7', '1.0000000000000001e+23'],
  ['444b1ae4d6e2ef4e', '999999999999999700000'],
  ['444b1ae4d6e2ef50', '1e+21'],
  ['3eb0c6f7a0b5ed8c', '9.999999999999997e-7'],
  ['3eb0c6f7a0b5ed8d', '0.000001'],
  ['41b3de4355555553', '333333333.3333332'],
  ['41b3de4355555557', '333333333.33333343'],
  ['becbf647612f3696', '-0.0000033333333333333333'],
  ['43143ff3c1cb0959', '1424953923781206.2'],
] as const) {
  test(`canonicalJson writes the number with the bits ${bits} as ${text}`, () => {
    assert.equal(canonicalJson(Buffer.from(bits, 'hex').readDoubleBE()), text);
  });
}

for (const [name, value] of [
  ['NaN', Number.NaN],
  ['an infinite number', Number.POSITIVE_INFINITY],
  ['a lone surrogate', 'a\ud800'],
  ['a member name with a lone surrogate', { '\udc00': 1 }],
  ['undefined', undefined],
  ['a big integer', 1n],
  ['a function', () => 1],
] as const) {
  test(`canonicalJson refuses ${name}`, () => {
    assert.throws(() => canonicalJson(value), TypeError);
  });
}

test('canonicalJson leaves out members that are undefined', () => {
  assert.equal(canonicalJson({ b: undefined, a: { c: undefined } }), '{"a":{}}');
});

test('canonicalJson keeps a member named __proto__', () => {
  assert.equal(canonicalJson(JSON.parse('{"__proto__":1,"a":2}')), '{"__proto__":1,"a":2}');
});

test('canonicalJson gives the same text for every order of the members', () => {
  const shuffled = fc.dictionary(fc.string(), fc.jsonValue()).chain((object) =>
    fc.record({
      object: fc.constant(object),
      entries: fc.shuffledSubarray(Object.entries(object), {
        minLength: Object.keys(object).length,
      }),
    }),
  );
  fc.assert(
    fc.property(shuffled, ({ object, entries }) => {
      fc.pre(isWellFormed(object));
      assert.equal(canonicalJson(Object.fromEntries(entries)), canonicalJson(object));
    }),
  );
});

test('canonicalJson means the same value as its input', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      fc.pre(isWellFormed(value));
      const plain: unknown = JSON.parse(JSON.stringify(value));
      assert.deepEqual(JSON.parse(canonicalJson(plain)), plain);
    }),
  );
});

function isWellFormed(value: unknown): boolean {
  return !/\\ud[89a-f]/.test(JSON.stringify(value));
}
