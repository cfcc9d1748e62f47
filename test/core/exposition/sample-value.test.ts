import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  isCount,
  isSampleValue,
  parseSampleValue,
  valueBytes,
} from '../../../src/core/exposition/sample-value.ts';

const VALUES: readonly (readonly [string, number])[] = [
  ['0', 0],
  ['-0', -0],
  ['+7', 7],
  ['007', 7],
  ['1.', 1],
  ['.5', 0.5],
  ['-.5e1', -5],
  ['1e3', 1000],
  ['1E+3', 1000],
  ['25e-2', 0.25],
  ['1e-999', 0],
  ['0e999', 0],
  ['1.7976931348623157e308', Number.MAX_VALUE],
  ['9'.repeat(300), 1e300],
  [`1${'0'.repeat(308)}`, 1e308],
  [`${'0'.repeat(399)}1`, 1],
  ['Inf', Infinity],
  ['+inf', Infinity],
  ['-INF', -Infinity],
  ['Infinity', Infinity],
  ['-infinity', -Infinity],
  ['NaN', NaN],
  ['nan', NaN],
];

for (const [text, value] of VALUES) {
  const shown = text.length > 30 ? `${text.length} digits` : text;
  test(`isSampleValue takes ${shown}, which is ${value}`, () => {
    assert.equal(isSampleValue(text), true);
    assert.equal(parseSampleValue(text), value);
  });
}

const NOT_VALUES = [
  '',
  '+',
  '.',
  '-.',
  'e5',
  '.e5',
  '1e',
  '1e+',
  '1e5.5',
  '1e5x',
  '1x',
  '1f5',
  '1.2.3',
  '--1',
  '1-',
  '1e++5',
  '1_000',
  '0x10',
  '0x1p3',
  '1e999',
  '-1e999',
  '1.7976931348623159e308',
  `1${'0'.repeat(309)}`,
  '9'.repeat(400),
  '0'.repeat(401),
  '+NaN',
  'infinit',
  'Infinityx',
  '1 ',
  ' 1',
  '１',
];

for (const text of NOT_VALUES) {
  const shown = text.length > 30 ? `${text.length} digits` : JSON.stringify(text);
  test(`isSampleValue refuses ${shown}`, () => {
    assert.equal(isSampleValue(text), false);
  });
}

const COUNTS: readonly (readonly [number, boolean])[] = [
  [0, true],
  [-0, true],
  [3, true],
  [2 ** 63, true],
  [2 ** 64, false],
  [-1, false],
  [0.5, false],
  [Infinity, false],
  [NaN, false],
];

for (const [value, want] of COUNTS) {
  test(`isCount says ${want} to ${value}`, () => assert.equal(isCount(value), want));
}

for (const value of [
  '0',
  '-0',
  '7',
  '-12',
  '1.5',
  '-1.5',
  '0.000001',
  '1.50',
  '123456789.123456',
  '1732891234.567',
  '1732891234.567891',
  '99999999999999.9',
  '1e3',
  '0.1',
  '00.1',
]) {
  test(`valueBytes of ${value} is what its number is shown in`, () => {
    assert.equal(valueBytes(value), String(Number(value)).length);
  });
}
