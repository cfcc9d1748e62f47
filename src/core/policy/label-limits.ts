import { allow, type Decision, type Deny, deny } from '../decision.ts';
import { renderName } from '../printable.ts';
import type { GroupingKey } from '../target/grouping-key.ts';
import type { TeamLimits } from './limits.ts';
import type { Action } from './policy-spec.ts';

/** A UTF-16 code unit is at most three bytes of UTF-8. */
const MAX_UNIT_BYTES = 3;

/**
 * The grouping key is on every series of its group, those that Pushgateway adds itself included, so
 * it counts even where a push has no series.
 */
export function checkLabelLimits(
  { limits }: { readonly limits: TeamLimits },
  { action, key }: { readonly action: Action; readonly key?: GroupingKey },
): Decision<string> {
  if (action !== 'push' || key === undefined) return allow('only pushes are limited');
  const { labels: maxLabels, labelValue: maxBytes, name: maxName } = limits;
  const count = key.labels.length + 1;
  if (count > maxLabels) {
    const detail = `the grouping key has ${count} labels, over the limit of ${maxLabels}`;
    return deny('target_invalid', detail);
  }
  const longName = findLongName(key, maxName);
  if (longName !== undefined) {
    const detail = `the label name ${renderName(longName)} has over ${maxName} characters`;
    return deny('target_invalid', detail);
  }
  if (isLong(key.job, maxBytes)) return denyLongValue('job', maxBytes);
  for (const { name, value } of key.labels) {
    if (isLong(value, maxBytes)) return denyLongValue(name, maxBytes);
  }
  return allow(`${count} of at most ${maxLabels} labels`);
}

function findLongName({ labels }: GroupingKey, maxCharacters: number): string | undefined {
  if ('job'.length > maxCharacters) return 'job';
  for (const { name } of labels) if (name.length > maxCharacters) return name;
  return undefined;
}

/** Of a few characters the bytes need not be counted. */
function isLong(text: string, maxBytes: number): boolean {
  return text.length * MAX_UNIT_BYTES > maxBytes && Buffer.byteLength(text) > maxBytes;
}

function denyLongValue(name: string, maxBytes: number): Deny {
  return deny('target_invalid', `the value of ${name} has over ${maxBytes} bytes`);
}
