import type { Deny } from '../../decision.ts';
import { renderName } from '../../printable.ts';
import { countDistributionLines, explainDistribution } from '../distribution.ts';
import type { FamilyContent } from '../push-content.ts';
import type { Family } from './family-table.ts';
import { denyLine } from './line-problem.ts';

/** What is left of a family that is read. A sum or count that lacks is shown as 0. */
export function sumUp(family: Family): FamilyContent {
  const { name, type = 'untyped', isTyped, identities, series } = family;
  let { bytes, lines } = family;
  for (const distribution of series?.values() ?? []) {
    if (distribution === undefined) continue;
    const count = countDistributionLines(distribution);
    lines += count;
    const { seriesBytes, valueBytes, hasSum, hasCount } = distribution;
    bytes += count * seriesBytes + valueBytes + Number(!hasSum) + Number(!hasCount);
  }
  return { name, type, isTyped, series: lines, bytes, identities };
}

const INFINITE_HINT = 'its last bucket, le="+Inf", counts all observations; a summary has quantile';
const CUMULATIVE_HINT = 'each bucket counts all observations up to its bound, and comes once';

/** Refuses what a histogram or summary cannot be, once all of its lines are read. */
export function checkDistributions({ name, type = 'untyped', series }: Family): Deny | undefined {
  for (const distribution of series?.values() ?? []) {
    const problem = distribution && explainDistribution(type, distribution);
    if (problem) {
      const hint = problem.includes('no bucket') ? INFINITE_HINT : CUMULATIVE_HINT;
      return denyLine(distribution.line, `${type} ${renderName(name)} ${problem}`, hint);
    }
  }
  return undefined;
}
