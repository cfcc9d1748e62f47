import type { Deny } from '../../decision.ts';
import { renderName, renderQuoted } from '../../printable.ts';
import { createDistribution, type Distribution } from '../distribution.ts';
import type { LabelShape } from '../label-shape.ts';
import {
  isCount,
  isSampleValue,
  numberBytes,
  parseSampleValue,
  valueBytes,
} from '../sample-value.ts';
import { identifySeries } from '../series-identity.ts';
import type { Family, SampleName } from './family-table.ts';
import { type LabelSet, labelValue, renderIdentity, renderPassedOver } from './label-set.ts';
import { denyLine } from './line-problem.ts';
import { createPartBefore, isOfPartBefore } from './part-before.ts';

const DECIMAL_POINT = 'write a decimal point, not a comma: LC_ALL=C makes most tools do so';

/** One sample: a line of the text format, read and not yet judged. */
export interface Sample {
  readonly line: number;
  readonly text: string;
  readonly name: SampleName;
  readonly labels: LabelSet;
  readonly shape: LabelShape;
  /** Still as it stands in the text. */
  readonly value: string;
}

/**
 * Adds a sample to its family, or refuses it.
 * @param isExact - whether a series of one line that is there twice is found here
 */
export function addSample(sample: Sample, isExact: boolean): Deny | undefined {
  const { family } = sample.name;
  if (isDistribution(family)) return addPart(sample);
  if (isExact) {
    const identity = renderIdentity(sample.text, sample.labels, sample.shape.identity);
    family.series ??= new Map();
    if (family.series.has(identity)) return denyDuplicate(sample);
    family.series.set(identity, undefined);
  }
  addLine(family, sample.labels, sample.shape, valueBytes(sample.value));
  return undefined;
}

/** Whether the samples of a family are parts of histograms or summaries. */
export function isDistribution({ type }: Family): boolean {
  return type === 'histogram' || type === 'summary';
}

/** Adds a series that is one line. */
export function addLine(
  family: Family,
  { writeValue }: LabelSet,
  { layout }: LabelShape,
  bytesOfValue: number,
): void {
  family.lines += 1;
  family.bytes += identifySeries(family.name, layout, writeValue, family.identities) + bytesOfValue;
}

/** The lines of a histogram and of a summary. */
const PARTS = {
  histogram: 'NAME_bucket{le="BOUND"}, NAME_sum, NAME_count',
  summary: 'NAME{quantile="0.99"}, NAME_sum, NAME_count',
} as const;

/** Adds a bucket, quantile, sum or count to the histogram or summary that it is a part of. */
function addPart(sample: Sample): Deny | undefined {
  const { line, text, labels, shape, name } = sample;
  const { family, suffix } = name;
  if (family.type === 'histogram' && suffix === '') {
    return denyLine(
      line,
      'a sample of a histogram ends in _bucket, _sum or _count',
      `if ${renderName(family.name)} is one number, write "# TYPE ${family.name} gauge"`,
    );
  }
  const boundLabel = suffix === '_bucket' ? 'le' : suffix === '' ? 'quantile' : undefined;
  for (const label of ['le', 'quantile'] as const) {
    const isThere = shape[label] !== -1;
    if (isThere !== (label === boundLabel)) {
      return denyBoundLabel(sample, label, isThere);
    }
  }
  const { part } = labels;
  const distribution =
    part?.family === family && isOfPartBefore(text, part, labels, shape)
      ? part.distribution
      : findDistribution(sample);
  if (distribution === undefined) return denyDuplicate(sample);
  distribution.valueBytes += valueBytes(sample.value);
  if (boundLabel === undefined) return addTotal(sample, distribution);
  return addBound(sample, distribution, labelValue(text, labels, shape[boundLabel]));
}

/** The histogram or summary that a line is a part of; undefined if it is not the one it seems. */
function findDistribution({ line, text, name, labels, shape }: Sample): Distribution | undefined {
  const { family } = name;
  const base = renderIdentity(text, labels, shape.base);
  const passedOver = renderPassedOver(text, labels, shape);
  family.series ??= new Map();
  let distribution = family.series.get(base);
  if (distribution === undefined) {
    const { baseLayout } = shape;
    const bytes = identifySeries(family.name, baseLayout, labels.writeValue, family.identities);
    distribution = createDistribution(line, passedOver, bytes);
    family.series.set(base, distribution);
  }
  // Pushgateway puts lines together by the labels of the body, before the grouping key comes in.
  if (distribution.passedOver !== passedOver) return undefined;
  labels.part = createPartBefore(family, distribution, labels, shape);
  return distribution;
}

function denyBoundLabel({ line, name }: Sample, label: string, isThere: boolean): Deny {
  const type = name.family.type === 'histogram' ? 'histogram' : 'summary';
  return denyLine(
    line,
    `${renderName(name.name)} ${isThere ? 'cannot have' : 'needs'} the label ${label}`,
    `${renderName(name.family.name)} is a ${type}: ${PARTS[type]}`,
  );
}

function addTotal(sample: Sample, distribution: Distribution): Deny | undefined {
  const total = sample.name.suffix === '_sum' ? 'hasSum' : 'hasCount';
  if (distribution[total]) return denyDuplicate(sample);
  distribution[total] = true;
  return total === 'hasCount' && parseCount(sample.value) === undefined
    ? denyCount(sample)
    : undefined;
}

function addBound(sample: Sample, distribution: Distribution, bound: string): Deny | undefined {
  const { line, name, value } = sample;
  const label = name.suffix === '_bucket' ? 'le' : 'quantile';
  const parsed = isSampleValue(bound) ? parseSampleValue(bound) : Number.NaN;
  if (Number.isNaN(parsed)) {
    return denyLine(
      line,
      `${label}=${renderQuoted(bound)} is not a number`,
      ...(/^-?\d*,\d+$/.test(bound) ? [DECIMAL_POINT] : []),
      `write a decimal number${label === 'le' ? ', or +Inf for the last bucket' : ' such as 0.99'}`,
    );
  }
  distribution.bounds.push(parsed);
  distribution.valueBytes += numberBytes(parsed);
  if (label === 'quantile') return undefined;
  const count = parseCount(value);
  if (count === undefined) return denyCount(sample);
  distribution.counts.push(count);
  return undefined;
}

function parseCount(value: string): number | undefined {
  const count = parseSampleValue(value);
  return isCount(count) ? count : undefined;
}

function denyCount({ line, name, value }: Sample): Deny {
  return denyLine(
    line,
    `${renderQuoted(value)} is not a count`,
    `${renderName(name.name)} counts observations: a whole number, not below 0`,
  );
}

function denyDuplicate({ line, name, labels, shape }: Sample): Deny {
  const replaced = shape.overwritten.map((position) => labels.names[position] ?? '');
  return denyLine(
    line,
    `duplicate series of ${renderName(name.name)}`,
    ...(replaced.length === 0
      ? [
          'each name and label set may come once: leave one out, or give each a label of its own',
          'an empty value is the same as no label',
        ]
      : [
          `the path replaces ${replaced.map(renderName).join(', ')} of the body, so the lines are the same`,
          'rename the label in the body, or push each value with a path of its own',
        ]),
  );
}
