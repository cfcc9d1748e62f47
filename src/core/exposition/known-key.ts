import type { GroupingKey } from '../target/grouping-key.ts';
import type { LabelShape } from './label-shape.ts';
import type { ContentScope } from './push-content.ts';
import type { KnownBody } from './text/repeated-body.ts';

/** What was worked out for the pushes of one grouping key, which are mostly alike. */
export interface KnownKey extends Pick<ContentScope, 'limits' | 'watchedLabels'> {
  /** By the names of the labels. */
  readonly shapes: Map<string, LabelShape>;
  body: KnownBody | undefined;
}

/** Keys are parsed once for many pushes. */
let known = new WeakMap<GroupingKey, KnownKey>();
let remembered = 0;
/** Bytes, about: then all of it is forgotten. */
const MOST_REMEMBERED = 4 * 1024 * 1024;

/** What is known of the key of a push; undefined for the first one. */
export function recallKey({ key, limits, watchedLabels }: ContentScope): KnownKey | undefined {
  const found = key && known.get(key);
  const isSame = found?.limits === limits && found.watchedLabels === watchedLabels;
  return isSame ? found : undefined;
}

/** The same, begun anew where nothing is. */
export function knownKeyOf(key: GroupingKey, scope: ContentScope): KnownKey {
  const found = recallKey(scope);
  if (found !== undefined) return found;
  const { limits, watchedLabels } = scope;
  const made: KnownKey = { limits, watchedLabels, shapes: new Map(), body: undefined };
  known.set(key, made);
  return made;
}

/** Counts what is remembered, so that it stays bounded. */
export function countRemembered(bytes: number): void {
  remembered += bytes;
  if (remembered < MOST_REMEMBERED) return;
  known = new WeakMap();
  remembered = 0;
}
