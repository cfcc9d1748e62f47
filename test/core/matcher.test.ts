import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { compileGlobs } from '../../src/core/matcher.ts';

const CASES: readonly (readonly [
  glob: string,
  matching: readonly string[],
  other: readonly string[],
])[] = [
  ['a', ['a'], ['', 'A', 'aa', 'ab', 'ba', 'a\n']],
  ['', [''], ['a']],
  ['*', ['', 'a', '*', 'a/b', 'a\nb', '🚀'], []],
  ['**', ['', 'a'], []],
  ['a*', ['a', 'ab', 'a*'], ['', 'ba', 'Ab']],
  ['*a', ['a', 'ba'], ['', 'ab']],
  ['a*a', ['aa', 'aba', 'aaa'], ['a', 'ab', '']],
  ['a**a', ['aa', 'aba'], ['a']],
  ['aba*aba', ['abaaba', 'abaXaba'], ['aba', 'ababa', 'abaab']],
  ['*a*', ['a', 'bab'], ['', 'b']],
  ['*a*b*', ['ab', 'xaxbx', 'aab', 'abb'], ['ba', 'a', 'b', 'xbxax']],
  ['*ab*ab*', ['abab', 'abXab'], ['ab', 'aab', 'abXa']],
  ['a*b*a', ['aba', 'abba', 'aXbXa'], ['aa', 'ab', 'aXa']],
  ['*aa*a', ['aaa', 'baaba'], ['aa', 'aab']],
  ['team-*-x', ['team--x', 'team-a-x'], ['team-x', 'team-a-y']],
  ['a.c', ['a.c'], ['abc']],
  ['a?', ['a?'], ['ab', 'a']],
  ['[ab]', ['[ab]'], ['a']],
  ['(a+)+$', ['(a+)+$'], ['aaa']],
  ['\\*', ['\\', '\\x'], ['*']],
  ['é*', ['é', 'éa'], ['e\u0301', 'e']],
];
for (const [glob, matching, other] of CASES) {
  for (const text of matching) {
    test(`the glob ${JSON.stringify(glob)} covers ${JSON.stringify(text)}`, () => {
      assert.equal(compileGlobs([glob]).matches(text), true);
    });
  }
  for (const text of other) {
    test(`the glob ${JSON.stringify(glob)} does not cover ${JSON.stringify(text)}`, () => {
      assert.equal(compileGlobs([glob]).matches(text), false);
    });
  }
}

test('first gives the index of the first of several globs that cover a text', () => {
  const { first } = compileGlobs(['x', 'a*', '*b', 'ab']);
  assert.deepEqual(['ab', 'cb', 'x', 'y'].map(first), [1, 2, 0, -1]);
});

test('no globs cover nothing', () => {
  assert.equal(compileGlobs([]).matches(''), false);
});

/** The definition: tries every run that a `*` can stand for. */
function covers(glob: string, text: string): boolean {
  if (glob === '') return text === '';
  if (glob[0] !== '*') return glob[0] === text[0] && covers(glob.slice(1), text.slice(1));
  return covers(glob.slice(1), text) || (text !== '' && covers(glob, text.slice(1)));
}

test('matches agrees with the definition for any glob and text', () => {
  const glob = fc.string({ unit: fc.constantFrom('a', 'b', '*'), maxLength: 8 });
  const text = fc.string({ unit: fc.constantFrom('a', 'b'), maxLength: 10 });
  fc.assert(
    fc.property(glob, text, (pattern, value) => {
      assert.equal(compileGlobs([pattern]).matches(value), covers(pattern, value));
    }),
    { numRuns: 20_000 },
  );
});

test('a glob of many runs takes time linear in the text, where backtracking would never end', () => {
  const glob = `${'*a'.repeat(500)}*b`;
  const text = 'a'.repeat(200_000);
  const begun = process.cpuUsage();
  assert.equal(compileGlobs([glob]).matches(text), false);
  assert.ok(process.cpuUsage(begun).user < 1_000_000);
});
