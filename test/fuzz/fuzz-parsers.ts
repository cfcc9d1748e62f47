import assert from 'node:assert/strict';
import { parseProtobufExposition } from '../../src/core/exposition/protobuf/protobuf-exposition.ts';
import type { PushedFamily } from '../../src/core/exposition/push-content.ts';
import { parseTextExposition } from '../../src/core/exposition/text/text-exposition.ts';
import { WIDE_SCOPE } from '../support/content-scope.ts';
import { generateBody } from './accepted-bodies.ts';
import { readReference } from './reference-text.ts';

/** How many bodies there were of each kind. */
export interface FuzzCounts {
  accepted: number;
  /** Among the accepted. */
  withSeries: number;
  refused: number;
}

/**
 * Lets the text parser judge the generated bodies `first` to below `end`: it never throws, it reads
 * what it accepts as the reference does, and it accepts nothing that was cut off.
 */
export function fuzzText(first: number, end: number): FuzzCounts {
  return fuzz(first, end, (seed) => {
    const body = generateBody('text', seed);
    const decision = parseTextExposition(body, WIDE_SCOPE);
    if (decision.effect === 'deny') return undefined;
    const { families, series } = decision.value;
    const reference = readReference(Buffer.from(body).toString());
    assert.deepEqual([sorted(families), series], [sorted(reference.families), reference.series]);
    const cut = parseTextExposition(body.subarray(0, -1), WIDE_SCOPE);
    if (body.length > 1 && body.at(-2) !== 0x0a) assert.equal(cut.effect, 'deny', 'it was cut off');
    return series;
  });
}

/** The same for protobuf, where nobody else reads what is accepted. */
export function fuzzProtobuf(first: number, end: number): FuzzCounts {
  return fuzz(first, end, (seed) => {
    const body = generateBody('protobuf', seed);
    const decision = parseProtobufExposition(body, WIDE_SCOPE);
    if (decision.effect === 'deny') return undefined;
    if (body.length > 0) {
      const cut = parseProtobufExposition(body.subarray(0, -1), WIDE_SCOPE);
      assert.equal(cut.effect, 'deny', 'it was cut off');
    }
    return decision.value.series;
  });
}

/** @param judge - the series of body number `seed`; undefined if it is refused */
function fuzz(first: number, end: number, judge: (seed: number) => number | undefined): FuzzCounts {
  const counts = { accepted: 0, withSeries: 0, refused: 0 };
  for (let seed = first; seed < end; seed += 1) {
    try {
      const series = judge(seed);
      if (series === undefined) counts.refused += 1;
      else counts.accepted += 1;
      if (series) counts.withSeries += 1;
    } catch (cause) {
      throw new Error(`body ${seed}`, { cause });
    }
  }
  return counts;
}

function sorted(families: readonly PushedFamily[]): readonly PushedFamily[] {
  return families
    .map(({ name, type }) => ({ name, type }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}
