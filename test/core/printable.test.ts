import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { joinLines, renderJson, renderPrintable, renderQuoted } from '../../src/core/printable.ts';

const CASES = [
  ['plain text "quoted" \\', 'plain text "quoted" \\'],
  ['caf\u00e9 日本 🚀', 'café 日本 🚀'],
  ['a\nb\r\tc', 'a\\u{a}b\\u{d}\\u{9}c'],
  ['\0\x1b[31m\x7f', '\\u{0}\\u{1b}[31m\\u{7f}'],
  ['\u0085\u2028\u2029', '\\u{85}\\u{2028}\\u{2029}'],
  ['\u202eevil\u2066', '\\u{202e}evil\\u{2066}'],
  ['\u200b\ufeff\u00ad', '\\u{200b}\\u{feff}\\u{ad}'],
  ['\u{e0041}', '\\u{e0041}'],
  ['\u3164\u034f\ufe0f', '\\u{3164}\\u{34f}\\u{fe0f}'],
  ['\ud800x', '\\u{d800}x'],
] as const;
for (const [text, shown] of CASES) {
  test(`renderPrintable shows ${JSON.stringify(text)} as ${JSON.stringify(shown)}`, () => {
    assert.equal(renderPrintable(text, 100), shown);
  });
}

const CUTS = [
  ['abcdef', 6, 'abcdef'],
  ['abcdefg', 6, 'abc…'],
  ['ééé', 6, 'ééé'],
  ['éééé', 6, 'é…'],
  ['🚀🚀', 8, '🚀🚀'],
  ['🚀🚀🚀', 8, '🚀…'],
  ['\n\n', 6, '\\u{…'],
  [`a${'🚀'.repeat(9)}`, 4, 'a…'],
] as const;
for (const [text, maxBytes, shown] of CUTS) {
  test(`renderPrintable cuts ${JSON.stringify(text)} to ${maxBytes} bytes as ${shown}`, () => {
    assert.equal(renderPrintable(text, maxBytes), shown);
  });
}

test('renderPrintable shows any text on one line, well-formed and within its bytes', () => {
  const text = fc.string({ unit: 'binary', maxLength: 60 });
  fc.assert(
    fc.property(text, fc.integer({ min: 4, max: 80 }), (value, maxBytes) => {
      const shown = renderPrintable(value, maxBytes);
      assert.ok(Buffer.byteLength(shown) <= maxBytes);
      assert.ok(shown.isWellFormed());
      assert.doesNotMatch(shown, /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
    }),
    { numRuns: 2000 },
  );
});

test('renderQuoted quotes a text and cuts it to 40 bytes', () => {
  assert.equal(renderQuoted('a\nb'), '"a\\u{a}b"');
  assert.equal(renderQuoted('x'.repeat(41)), `"${'x'.repeat(37)}…"`);
});

test('renderJson says the same as the value, with nothing that hides', () => {
  const value = { a: 'x\u202ey\u009b\u{e0001}\u2028', b: ['\n', 'é'] };
  const text = renderJson(value);
  assert.deepEqual(JSON.parse(text), value);
  assert.match(text, /"x\\u202ey\\u009b\\udb40\\udc01\\u2028"/);
  assert.match(text, /\n {2}"b": \[\n/);
});

test('an error of several lines is one in a log', () => {
  assert.equal(joinLines('an error:\n\n  * a\r\n* b\n'), 'an error: * a * b');
});
