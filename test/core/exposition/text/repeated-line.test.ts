import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readDecoded, readText } from '../../../../src/core/exposition/text/text-exposition.ts';
import { createRandom, type Random } from '../../../fuzz/random.ts';
import { WIDE_SCOPE } from '../../../support/content-scope.ts';

const BODIES = 4000;
const SCOPES = {
  'a wide scope': WIDE_SCOPE,
  'a narrow scope': {
    key: { job: 'batch', labels: [{ name: 'l', value: 'x' }] },
    limits: { series: 12, labels: 4, name: 8, labelValue: 6 },
    watchedLabels: new Set(['k']),
  },
  'a scrape': { ...WIDE_SCOPE, key: undefined },
};
const NAMES = ['a', 'b', 'a_bucket', 'a_sum'] as const;
const VALUES = [
  '',
  'x',
  'y',
  '\\n',
  '\\"',
  '\\q',
  'longer',
  'longer than that',
  '1',
  '+Inf',
] as const;
const NUMBERS = [
  '0',
  ...['-0', '1', '01', '1.5', '1.50', '-2.25', '.5', '5.', '1e3', 'NaN', '+Inf', '0x1', ''],
  ...['123456789012345', '1234567890123456', '0.000001', '0.0000001', '1 2', ' 1', '1\r', '1 '],
] as const;

/** Lines that are much alike, and some that are not. */
function renderLines(random: Random): string {
  const type = random.pick(['gauge', 'histogram', 'counter']);
  const [name, comma] = [random.pick(NAMES), random.pick([',', ', ', ' ,'])];
  const isOdd = random.chance(33);
  const labels = random.pick([
    ['l'],
    ['k'],
    ['k', 'le'],
    ['m', 'k', 'l'],
    ['job', 'k'],
    ['instance'],
  ]);
  const lines = Array.from({ length: random.below(16) }, () => {
    const pairs = labels.map((label) => {
      const value = isOdd ? random.pick(VALUES) : String(random.below(400));
      return `${label}="${value}"`;
    });
    const number = isOdd ? random.pick(NUMBERS) : String(random.below(1000) / 8);
    return `${name}{${pairs.join(comma)}} ${number}\n`;
  });
  return [...(random.chance(50) ? [`# TYPE a ${type}\n`] : []), ...lines].join('');
}

for (const [name, scope] of Object.entries(SCOPES)) {
  test(`lines are read alike byte for byte, where repeated ones take a short way: ${name}`, () => {
    const random = createRandom(13);
    let accepted = 0;
    for (let count = 0; count < BODIES; count += 1) {
      const lines = Array.from({ length: 1 + random.below(3) }, () => renderLines(random)).join('');
      for (const text of [lines, `# HELP z 日\n${lines.replaceAll('3"', 'ü"')}`]) {
        const long = readDecoded(text, undefined, scope, 3);
        assert.deepEqual(readText(Buffer.from(text), scope, 3), long, JSON.stringify(text));
        accepted += long.problems.length === 0 ? 1 : 0;
      }
    }
    assert.ok(accepted > BODIES / 25 && accepted < 2 * BODIES, `${accepted} were accepted`);
  });
}
