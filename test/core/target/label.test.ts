import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseLabelName, parseLabelValue } from '../../../src/core/target/label.ts';
import { allowed, denied } from '../../support/decision.ts';

const NAMES = [
  'instance',
  'a',
  '_',
  '_a',
  'Job',
  'JOB',
  'exported_job',
  'Le',
  'l3',
  'U_job',
  'u__job',
];
for (const name of NAMES) {
  test(`parseLabelName takes ${name}`, () => {
    assert.equal(allowed(parseLabelName(name)), name);
  });
}

const RESERVED = ['job', 'le', 'quantile', '__name__', '__', '__a', 'U__job', 'U__', 'U___6a_ob'];
for (const name of RESERVED) {
  test(`parseLabelName refuses ${name}, which is reserved`, () => {
    const { reason, detail } = denied(parseLabelName(name));
    assert.deepEqual([reason, detail], ['target_invalid', `the label name "${name}" is reserved`]);
  });
}

const NOT_NAMES = [
  '',
  ' job',
  'a-b',
  'a.b',
  '1a',
  'é',
  'a b',
  'a:b',
  '..;',
  'a\n',
  '@base64',
  'ｊob',
];
for (const name of NOT_NAMES) {
  test(`parseLabelName refuses ${JSON.stringify(name)}, which is no label name`, () => {
    const { reason, detail } = denied(parseLabelName(name));
    assert.equal(reason, 'target_invalid');
    assert.match(detail ?? '', /is not a label name$/);
  });
}

const VALUES = [
  '',
  'a',
  'two words',
  'a/b',
  '..',
  '"quoted" \\ {x="y"}',
  'café',
  'naïve Ω',
  '日本語',
  'עברית',
  '🚀',
  'job=~".*"',
];
for (const value of VALUES) {
  test(`parseLabelValue takes ${JSON.stringify(value)}`, () => {
    assert.equal(allowed(parseLabelValue(value, 'the job')), value);
  });
}

const INVISIBLE: readonly (readonly [value: string, what: string])[] = [
  ['a\0', 'NUL'],
  ['a\nb', 'a line feed'],
  ['a\tb', 'a tab'],
  ['a\x7f', 'DEL'],
  ['a\u0085b', 'a C1 control'],
  ['a\u00adb', 'a soft hyphen'],
  ['a\u200bb', 'a zero-width space'],
  ['a\u200db', 'a zero-width joiner'],
  ['a\u202eb', 'a right-to-left override'],
  ['a\u2066b', 'a directional isolate'],
  ['a\u2028b', 'a line separator'],
  ['a\u2029b', 'a paragraph separator'],
  ['\ufeffa', 'a byte order mark'],
  ['a\ufe0f', 'a variation selector'],
  ['a\u3164b', 'a Hangul filler'],
  ['a\u{e0041}', 'a tag character'],
  ['a\ue000', 'a private-use character'],
  ['a\u0378', 'an unassigned character'],
  ['a\ud800', 'a lone surrogate'],
];
for (const [value, what] of INVISIBLE) {
  test(`parseLabelValue refuses ${what}`, () => {
    const { reason, detail } = denied(parseLabelValue(value, 'label "l"'));
    assert.equal(reason, 'target_invalid');
    assert.equal(detail, 'label "l" has a control or invisible character');
  });
}

const SPACED = [' a', 'a ', ' ', '\u00a0a', 'a\u00a0', 'é\u2003', '\u3000é'];
for (const value of SPACED) {
  test(`parseLabelValue refuses ${JSON.stringify(value)} for the space at an end`, () => {
    const { reason, detail } = denied(parseLabelValue(value, 'the job'));
    assert.deepEqual([reason, detail], ['target_invalid', 'the job begins or ends with a space']);
  });
}

for (const value of ['cafe\u0301', '\u212b', '\u1100\u1161']) {
  test(`parseLabelValue refuses ${JSON.stringify(value)}, which is not NFC`, () => {
    const { reason, hints } = denied(parseLabelValue(value, 'the job'));
    assert.equal(reason, 'target_invalid');
    assert.deepEqual(hints, ['normalise it to NFC before encoding it']);
  });
}

test('parseLabelValue takes ASCII exactly when it is printable and not spaced at an end', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary-ascii' }), (value) => {
      const isFine = [...value].every((character) => character >= ' ' && character <= '~');
      const isTaken = parseLabelValue(value, 'the job').effect === 'allow';
      assert.equal(isTaken, isFine && value.trim() === value);
    }),
  );
});
