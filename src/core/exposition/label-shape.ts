import { detach } from '../memo.ts';
import { renderName } from '../printable.ts';
import { countRemembered, knownKeyOf } from './known-key.ts';
import type { ContentScope } from './push-content.ts';
import { layOutSeries, type SeriesLayout } from './series-layout.ts';

/** What the label names of a series mean, whatever the values are. */
export interface LabelShape {
  /** Sorted. */
  readonly names: readonly string[];
  /** As the body has them, in bytes. */
  readonly encodedNames: readonly Uint8Array[];
  /** Positions, by name, of the labels that tell this series from others of its family. */
  readonly identity: readonly number[];
  /** The same without `le` and `quantile`: what the lines of one histogram or summary share. */
  readonly base: readonly number[];
  /** Their names in one text. */
  readonly baseNames: string;
  /** Positions, by name, of the labels that the grouping key overwrites. */
  readonly overwritten: readonly number[];
  /** Positions of the labels whose values the policy asks for. */
  readonly watched: readonly number[];
  /** How a series is laid out to be identified, and one without `le` and `quantile`. */
  readonly layout: SeriesLayout;
  readonly baseLayout: SeriesLayout;
  /** Position of `le`, or -1. */
  readonly le: number;
  /** Position of `quantile`, or -1. */
  readonly quantile: number;
}

/** What is wrong with the names of labels, and what to do about it. */
export interface ShapeProblem {
  readonly problem: string;
  readonly hint: string;
}

/** What to do about a series with too many labels. */
export const TOO_MANY_LABELS =
  'those of the path and the job count; an operator can raise limits.labels of the team';

/** Of one key. */
const MAX_KNOWN = 8;
/** About as many bytes as one takes. */
const SHAPE_BYTES = 2048;
/** Characters of names that are worth remembering. */
const MAX_LENGTH = 512;

/**
 * Works out what label names mean once the grouping key has overwritten its own, or says what is
 * wrong with them.
 * @see pushgateway `storage/diskmetricstore.go`, `sanitizeLabels`
 */
export function resolveShape(
  names: readonly string[],
  scope: ContentScope,
): LabelShape | ShapeProblem {
  if (scope.key === undefined) return workOutShape(names, scope);
  const { shapes } = knownKeyOf(scope.key, scope);
  const list = names.join();
  const found = shapes.get(list);
  if (found !== undefined) return found;
  if (list.length > MAX_LENGTH) return workOutShape(names, scope);
  const kept = detach(list);
  const shape = workOutShape(kept === '' ? [] : kept.split(','), scope);
  if ('problem' in shape) return shape;
  if (shapes.size >= MAX_KNOWN) shapes.clear();
  shapes.set(kept, shape);
  countRemembered(SHAPE_BYTES);
  return shape;
}

function workOutShape(names: readonly string[], scope: ContentScope): LabelShape | ShapeProblem {
  const { key, limits, watchedLabels } = scope;
  const sorted = names
    .map((_, position) => position)
    .sort((a, b) => ((names[a] ?? '') < (names[b] ?? '') ? -1 : 1));
  const reserved = names.find((name) => name.startsWith('__'));
  if (reserved !== undefined) {
    return {
      problem: `the label name ${renderName(reserved)} is reserved`,
      hint: 'choose another name: those that begin with "__" are for Prometheus',
    };
  }
  const repeated = sorted.find(
    (position, index) => names[position] === names[sorted[index + 1] ?? -1],
  );
  if (repeated !== undefined) {
    return {
      problem: `label ${renderName(names[repeated] ?? '')} is there twice`,
      hint: 'leave one of them out',
    };
  }

  const keyNames = new Set(key === undefined ? [] : ['job', ...key.labels.map(({ name }) => name)]);
  const isOverwritten = (position: number): boolean => keyNames.has(names[position] ?? '');
  const identity = sorted.filter((position) => !isOverwritten(position));
  const total = identity.length + keyNames.size;
  if (total > limits.labels) {
    const problem = `a series has ${total} labels, over the limit of ${limits.labels}`;
    return { problem, hint: TOO_MANY_LABELS };
  }

  const le = names.indexOf('le');
  const quantile = names.indexOf('quantile');
  const base = identity.filter((position) => position !== le && position !== quantile);
  const layout = layOutSeries(names, identity, key);
  return {
    names: sorted.map((position) => names[position] ?? ''),
    encodedNames: names.map((name) => Uint8Array.from(Buffer.from(name))),
    identity,
    base,
    baseNames: base.map((position) => names[position]).join(),
    layout,
    baseLayout: base.length === identity.length ? layout : layOutSeries(names, base, key),
    overwritten: sorted.filter(isOverwritten),
    watched: identity.filter((position) => watchedLabels.has(names[position] ?? '')),
    le,
    quantile,
  };
}
