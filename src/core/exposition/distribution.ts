import type { MetricType } from './push-content.ts';

/** The lines of one histogram or summary that share their labels. */
export interface Distribution {
  /** Line of the first of them. */
  readonly line: number;
  /** Labels that are not in its identity, which its lines must share all the same. */
  readonly passedOver: string;
  /** Upper bounds of buckets, or quantiles, in the order of the body. */
  readonly bounds: number[];
  /** Cumulative count of each bucket; of summaries nothing. */
  readonly counts: number[];
  hasSum: boolean;
  hasCount: boolean;
  /** Of its name and labels. */
  readonly seriesBytes: number;
  /** Of its bounds and values so far. */
  valueBytes: number;
}

export function createDistribution(
  line: number,
  passedOver: string,
  seriesBytes: number,
): Distribution {
  const empty = { bounds: [], counts: [], hasSum: false, hasCount: false, valueBytes: 0 };
  return { line, passedOver, seriesBytes, ...empty };
}

/** Lines of the scrape that a distribution becomes: Pushgateway adds a sum and a count that lack. */
export function countDistributionLines({ bounds }: Pick<Distribution, 'bounds'>): number {
  return bounds.length + 2;
}

/**
 * Says what is wrong with a whole histogram or summary, if anything is. The sum and the count may
 * be missing, as clients leave them out of histograms with negative bounds.
 */
export function explainDistribution(
  type: MetricType,
  { bounds, counts }: Pick<Distribution, 'bounds' | 'counts'>,
): string | undefined {
  const order = isAscending(bounds) ? undefined : sortedPositions(bounds);
  const at = (index: number): number => order?.[index] ?? index;
  const last = bounds.length - 1;
  for (let index = 0; index < last; index += 1) {
    const bound = bounds[at(index)];
    if (bound === bounds[at(index + 1)]) {
      return `has ${type === 'histogram' ? 'le' : 'quantile'}="${renderBound(bound)}" twice`;
    }
    if ((counts[at(index)] ?? 0) > (counts[at(index + 1)] ?? 0)) {
      return `has a smaller count at le="${renderBound(bounds[at(index + 1)])}" than before it`;
    }
  }
  if (type === 'histogram' && bounds[at(last)] !== Number.POSITIVE_INFINITY) {
    return 'has no bucket le="+Inf"';
  }
  return undefined;
}

function isAscending(bounds: readonly number[]): boolean {
  return bounds.every((bound, index) => index === 0 || (bounds[index - 1] ?? bound) < bound);
}

function sortedPositions(bounds: readonly number[]): readonly number[] {
  return bounds
    .map((_, position) => position)
    .sort((a, b) => Math.sign((bounds[a] ?? 0) - (bounds[b] ?? 0)) || a - b);
}

function renderBound(bound: number | undefined): string {
  return bound === Number.POSITIVE_INFINITY ? '+Inf' : String(bound);
}
