import { METRIC_TYPES } from '../../push-content.ts';
import type { Mistake } from './mistake.ts';

/** A type of elsewhere: what to write for it. */
function instead(pattern: RegExp, type: string, ...more: readonly string[]): Mistake {
  return {
    pattern,
    problem: ([found]) => `"${found}" is not a type`,
    hints: [`write ${type} instead`, ...more],
  };
}

/** What stands after a metric name in place of a type. */
export const TYPE_MISTAKES: readonly Mistake[] = [
  instead(/^unknown$/i, 'untyped', 'unknown is a type of OpenMetrics'),
  instead(
    /^gauge_?histogram$/i,
    'histogram',
    'and _sum and _count for _gsum and _gcount: gaugehistogram is a type of OpenMetrics',
  ),
  instead(/^info$/i, 'gauge', 'its lines are NAME_info 1; info is a type of OpenMetrics'),
  instead(/^state_?set$/i, 'gauge', 'stateset is a type of OpenMetrics'),
  instead(
    /^(?:int|integer|long|float|double|number|numeric|value|bool|boolean|guage|gage|gague|gauges|updowncounter|level)$/i,
    'gauge',
  ),
  instead(
    /^(?:count|counters|conter|couter|sum|total|rate|meter|cumulative|monotonic|inc|c)$/i,
    'counter',
  ),
  instead(
    /^(?:timer|timing|distribution|histo|hist|histogramm|histograms|bucket|exponential_?histogram|native_?histogram|h|ms)$/i,
    'histogram',
  ),
  instead(/^(?:summaries|quantiles?|percentiles?)$/i, 'summary'),
  instead(
    /^(?:untype|none|null|undefined|any|other|string|text|set|g|metric)$/i,
    'untyped',
    'or gauge',
  ),
  {
    pattern: /^\s*$/,
    problem: 'TYPE without a type',
    hints: [`write "# TYPE NAME TYPE"; a type is one of ${METRIC_TYPES.join(', ')}`],
  },
  {
    pattern: /^(["'])(counter|gauge|summary|histogram|untyped)\1?$/i,
    problem: 'quotes around a type',
    hints: ([, , type = '']) => [`write ${type}`],
  },
  {
    pattern: /^(counter|gauge|summary|histogram|untyped)[ \t]+$/i,
    problem: 'blanks after the type',
    hints: ['remove them'],
  },
  {
    pattern: /^(counter|gauge|summary|histogram|untyped)(?:[ \t]|[^\w])/i,
    problem: 'something after the type',
    hints: ([, type = '']) => [`a TYPE line ends after its type: ${type}`],
  },
];
