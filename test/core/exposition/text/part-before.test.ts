import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readText } from '../../../../src/core/exposition/text/text-exposition.ts';
import { WIDE_SCOPE } from '../../../support/content-scope.ts';

/** Lines of histograms, how many these are, and the lines that are refused. */
const CASES: readonly (readonly [string, readonly string[], number, readonly number[]])[] = [
  [
    'values of one length that differ',
    ['h_bucket{a="x",le="+Inf"} 1', 'h_sum{a="y"} 1', 'h_bucket{a="y",le="+Inf"} 1'],
    2,
    [],
  ],
  [
    'values that begin alike',
    ['h_bucket{a="xy",le="+Inf"} 1', 'h_bucket{a="x",le="+Inf"} 1', 'h_sum{a="xy"} 1'],
    2,
    [],
  ],
  [
    'the same values under other names',
    ['h_bucket{a="1",b="2",le="+Inf"} 1', 'h_bucket{b="1",a="2",le="+Inf"} 1'],
    2,
    [],
  ],
  ['another name', ['h_bucket{a="1",le="+Inf"} 1', 'h_bucket{b="1",le="+Inf"} 1'], 2, []],
  [
    'the same names in another order',
    ['h_bucket{a="1",b="2",le="+Inf"} 1', 'h_sum{b="2",a="1"} 1', 'h_count{b="2",a="1"} 1'],
    1,
    [],
  ],
  [
    'another value of a label that the path replaces',
    ['h_bucket{job="x",le="+Inf"} 1', 'h_sum{job="y"} 1', 'h_count{job="y"} 1'],
    1,
    [3, 4],
  ],
  [
    'an empty label that is missing before',
    ['h_bucket{le="+Inf"} 1', 'h_sum{a=""} 1', 'h_count{a=""} 1', 'h_sum 1'],
    1,
    [3, 4],
  ],
];

for (const [name, lines, histograms, refused] of CASES) {
  test(`lines of histograms belong together by all of their labels: ${name}`, () => {
    const body = Buffer.from(`# TYPE h histogram\n${lines.join('\n')}\n`);
    const { content, problems } = readText(body, WIDE_SCOPE, 9);
    const found = problems.map(({ detail = '' }) => Number(/^line (\d+): dup/.exec(detail)?.[1]));
    assert.deepEqual(found, refused);
    assert.ok(content.effect === 'allow');
    assert.equal(content.value.families[0]?.series, histograms * 3);
  });
}
