import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { globsOverlap } from '../../src/core/glob-overlap.ts';
import { compileGlobs } from '../../src/core/matcher.ts';

const cases = [
  ['settlement', 'settlement', true],
  ['settlement', 'settlements', false],
  ['payments_*', 'payments_eu', true],
  ['payments_*', 'payments_', true],
  ['payments_*', 'payment', false],
  ['payments_*', '*_eu', true],
  ['payments_*', 'orders_*', false],
  ['*_eu', '*_us', false],
  ['a*b', '*ab', true],
  ['a*b*c', 'acb', false],
  ['a*b*c', '*cab*abc', true],
  ['*', '', true],
  ['*', '*', true],
  ['**', 'x', true],
  ['', '', true],
  ['', 'x', false],
  ['é*', 'e*', false],
] as const;
for (const [a, b, expected] of cases) {
  test(`"${a}" and "${b}" ${expected ? 'overlap' : 'have nothing in common'}`, () => {
    assert.equal(globsOverlap(a, b), expected);
    assert.equal(globsOverlap(b, a), expected);
  });
}

const glob = fc.string({ unit: fc.constantFrom('a', 'b', '*'), maxLength: 5 });

/** Enough to find a text that matches both: a longest part of one may have to follow the other's. */
const TEXTS = Array.from({ length: 10 }, (_, length) => length).flatMap((length) =>
  Array.from({ length: 2 ** length }, (_, bits) =>
    Array.from({ length }, (_, at) => ((bits >> at) & 1 ? 'b' : 'a')).join(''),
  ),
);

test('two globs overlap exactly if some text matches both', () => {
  fc.assert(
    fc.property(glob, glob, (a, b) => {
      const [matchesA, matchesB] = [compileGlobs([a]), compileGlobs([b])];
      const hasCommon = TEXTS.some((text) => matchesA.matches(text) && matchesB.matches(text));
      assert.equal(globsOverlap(a, b), hasCommon);
    }),
    { numRuns: 500 },
  );
});
