import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseSource } from '../../../src/config/engine/document.ts';

const QUOTES = 'a value that begins with * needs quotes: "*"';

const broken = [
  ['a tab', 'a:\n\tb: 1\n', ['2:1 tabs are not allowed as indentation']],
  ['a glob without quotes', 'jobs: [a, *]\n', [`1:11 ${QUOTES}`]],
  [
    'a glob that looks like an alias',
    'jobs: [a, *_total]\n',
    [`1:11 no anchor &_total stands before this alias; ${QUOTES}`],
  ],
  ['an unclosed quote', 'a: "b\n', ['2:1 missing closing "quote']],
  ['a second document', 'a: 1\n---\nb: 2\n', ['2:1 the file must hold one YAML document']],
  ['a map for a key', '? { a: 1 }\n: 2\n', ['1:3 a key must be plain text']],
  ['a list for a key', '[a]: 2\n', ['1:1 a key must be plain text']],
  ['a key that is no key', 'a: { __proto__: 1 }\n', ['1:6 a key must not be "__proto__"']],
  ['an unknown tag', 'a: !secret b\n', ['1:4 unresolved tag: !secret']],
  ['bytes', 'a: !!binary aGk=\n', ['1:4 unresolved tag: tag:yaml.org,2002:binary']],
  ['a set', 'a: !!set {b}\n', ['1:4 unresolved tag: tag:yaml.org,2002:set']],
  ['an ordered map', 'a: !!omap [b: 1]\n', ['1:4 unresolved tag: tag:yaml.org,2002:omap']],
] as const;
for (const [name, text, expected] of broken) {
  test(`parseSource refuses ${name}, and says where it stands`, () => {
    const { data, errors } = parseSource(text);
    const lines = errors.map(({ line, column, message }) => `${line}:${column} ${message}`);
    assert.deepEqual(lines, expected);
    assert.equal(data, undefined);
  });
}

test('parseSource refuses lists that are nested too deep, in one line', () => {
  const { data, errors } = parseSource('['.repeat(20_000));
  assert.equal(data, undefined);
  assert.deepEqual(
    errors.map(({ line, message }) => `${line} ${message}`),
    ['1 nested too deep'],
  );
});

test('parseSource goes on after duplicate keys, which it names', () => {
  const { data, errors } = parseSource('a: 1\n"a": 2\nb: [{ c: 1, c : 2 }]\n');
  assert.deepEqual(errors, [
    { line: 2, column: 1, path: ['a'], message: 'duplicate key' },
    { line: 3, column: 13, path: ['b', 0, 'c'], message: 'duplicate key' },
  ]);
  assert.deepEqual(data, { a: 2, b: [{ c: 2 }] });
});

test('parseSource refuses aliases that stand for too much', () => {
  const layers = Array.from({ length: 5 }, (_, index) => {
    const aliases = Array.from({ length: 9 }, () => `*l${index}`);
    return `l${index + 1}: &l${index + 1} [${aliases.join(', ')}]`;
  });
  const { data, errors } = parseSource(['l0: &l0 [x, x]', ...layers].join('\n'));
  assert.equal(data, undefined);
  assert.deepEqual(errors, [
    {
      line: 1,
      column: 1,
      path: [],
      message: 'aliases (*name) stand for too much: at most 100 are resolved',
    },
  ]);
});

test('parseSource resolves anchors, and keeps text and keys text', () => {
  const { data, errors } = parseSource('a: &a [off, 2027-01-01]\n7: *a\ntrue: yes\n');
  assert.deepEqual(errors, []);
  assert.deepEqual(data, { a: ['off', '2027-01-01'], 7: ['off', '2027-01-01'], true: 'yes' });
});

const places = [
  [['a'], { line: 1, column: 4 }],
  [['a', 'b', 1], { line: 1, column: 13 }],
  [['7', 'c'], { line: 3, column: 6 }],
  [['7', 'missing'], { line: 3, column: 3 }],
  [['missing', 'too'], { line: 1, column: 1 }],
] as const;
for (const [path, expected] of places) {
  test(`locate finds ${path.join('.')}, or what is above it`, () => {
    const { locate } = parseSource('a: { b: [1, 2] }\n7:\n  c: d\n');
    assert.deepEqual(locate(path), expected);
  });
}

test('locateKey finds a key, or the map without it', () => {
  const { locateKey } = parseSource('a:\n  "b c": d\n');
  assert.deepEqual(locateKey(['a'], 'b c'), { line: 2, column: 3 });
  assert.deepEqual(locateKey(['a'], 'missing'), { line: 2, column: 3 });
  assert.deepEqual(locateKey([], 'a'), { line: 1, column: 1 });
});
