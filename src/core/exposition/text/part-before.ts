import type { Distribution } from '../distribution.ts';
import type { LabelShape } from '../label-shape.ts';
import type { Family } from './family-table.ts';
import type { LabelSet } from './label-set.ts';

/** The line that a histogram or summary was last looked up for: neighbours mostly belong together. */
export interface PartBefore {
  readonly family: Family;
  readonly distribution: Distribution;
  readonly shape: LabelShape;
  /** Where each label value begins and ends that its lines share. */
  readonly starts: readonly number[];
  readonly ends: readonly number[];
}

export function createPartBefore(
  family: Family,
  distribution: Distribution,
  { starts, ends }: LabelSet,
  shape: LabelShape,
): PartBefore {
  return {
    family,
    distribution,
    shape,
    starts: shape.base.map((position) => starts[position] ?? 0),
    ends: shape.base.map((position) => ends[position] ?? 0),
  };
}

/** Whether a line of the family has the same labels but for `le` and `quantile`, for certain. */
export function isOfPartBefore(
  text: string,
  before: PartBefore,
  { starts, ends }: LabelSet,
  shape: LabelShape,
): boolean {
  if (shape.baseNames !== before.shape.baseNames) return false;
  if (shape.overwritten.length > 0 || before.shape.overwritten.length > 0) return false;
  for (let index = 0; index < shape.base.length; index += 1) {
    const position = shape.base[index] ?? 0;
    const from = before.starts[index] ?? 0;
    const start = starts[position] ?? 0;
    const end = ends[position] ?? 0;
    if (end - start !== (before.ends[index] ?? 0) - from) return false;
    if (!isRepeated(text, start, end, from)) return false;
  }
  return true;
}

/** Whether the characters from `start` to `end` stand at `at` too. */
function isRepeated(text: string, start: number, end: number, at: number): boolean {
  const distance = at - start;
  for (let one = start; one < end; one += 1) {
    if (text.charCodeAt(one) !== text.charCodeAt(one + distance)) return false;
  }
  return true;
}
