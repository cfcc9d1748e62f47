import type { FamilyType } from '../exposition/push-content.ts';
import { isObject, type JsonObject } from '../json.ts';
import type { GroupingKey } from '../target/grouping-key.ts';

/** What Pushgateway stores with every group, and nobody can push. */
export const TIME_STAMPS: ReadonlySet<string> = new Set([
  'push_time_seconds',
  'push_failure_time_seconds',
]);

/** The types by the names that the API has for them. */
export const LISTED_TYPES: ReadonlyMap<string, FamilyType> = new Map([
  ['COUNTER', 'counter'],
  ['GAUGE', 'gauge'],
  ['SUMMARY', 'summary'],
  ['UNTYPED', 'untyped'],
  ['HISTOGRAM', 'histogram'],
  ['GAUGE_HISTOGRAM', 'histogram'],
]);

/** A group as the API lists it: what it holds may be unsound. */
export interface ListedGroup {
  readonly key: GroupingKey;
  /** Without the two push time stamps. */
  readonly families: readonly ListedFamily[];
}

/** One of its families; Pushgateway need not be able to show it. */
export interface ListedFamily {
  readonly name: string;
  /** In the API's spelling; that of an enum without a name is its number. */
  readonly type: string;
  /** Bytes that are no text are lost in it. */
  readonly help: string;
  /** Labels of its series. */
  readonly series: readonly JsonObject[];
}

/**
 * Reads the groups out of the answer of `GET /api/v1/metrics` as they are listed; undefined if it is
 * not such an answer.
 * @param answer - the JSON, parsed
 */
export function parseListing(answer: unknown): readonly ListedGroup[] | undefined {
  if (!isObject(answer) || !Array.isArray(answer['data'])) return undefined;
  return answer['data'].filter(isObject).flatMap((entry): readonly ListedGroup[] => {
    const key = readKey(entry);
    return key === undefined ? [] : [{ key, families: readFamilies(entry) }];
  });
}

/** Whether Pushgateway has a name for the type that a family is listed with. */
export function isKnownType(type: string): boolean {
  return LISTED_TYPES.has(type);
}

function readFamilies(entry: JsonObject): readonly ListedFamily[] {
  return Object.entries(entry).flatMap(([name, value]): readonly ListedFamily[] => {
    if (!isFamily(value) || TIME_STAMPS.has(name)) return [];
    const series = value.metrics.flatMap((metric) => {
      const labels = isObject(metric) ? metric['labels'] : undefined;
      return isObject(labels) ? [labels] : [];
    });
    return [{ name, type: String(value['type']), help: String(value['help'] ?? ''), series }];
  });
}

/** A family that is called `labels` takes the place of the labels; a time stamp has them too. */
function readKey(entry: JsonObject): GroupingKey | undefined {
  const labels = isFamily(entry['labels']) ? stampedLabels(entry) : entry['labels'];
  return isObject(labels) ? toKey(labels) : undefined;
}

function stampedLabels({ push_time_seconds: stamp }: JsonObject): JsonObject | undefined {
  const metric: unknown = isFamily(stamp) ? stamp['metrics'][0] : undefined;
  const labels = isObject(metric) ? metric['labels'] : undefined;
  return isObject(labels) ? withoutAddedInstance(labels) : undefined;
}

/** Labels of the time stamp of a group without the empty `instance` that Pushgateway adds. */
export function withoutAddedInstance(stamped: JsonObject): JsonObject {
  const { instance, ...labels } = stamped;
  return instance === '' ? labels : stamped;
}

/** The key that the labels of a group say; undefined without a job. */
export function toKey({ job, ...others }: JsonObject): GroupingKey | undefined {
  if (typeof job !== 'string') return undefined;
  const pairs = Object.entries(others).map(([name, value]) => ({ name, value: String(value) }));
  return { job, labels: pairs.toSorted((a, b) => (a.name < b.name ? -1 : 1)) };
}

function isFamily(value: unknown): value is JsonObject & { readonly metrics: readonly unknown[] } {
  return isObject(value) && Array.isArray(value['metrics']);
}
