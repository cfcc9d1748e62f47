import type { FamilyContent, FamilyType } from '../exposition/push-content.ts';
import { type GroupingKey, renderPushTarget } from '../target/grouping-key.ts';
import type { ReadGroup, StoreContents } from './group-store.ts';
import { createListedSeries } from './listed-series.ts';

/** What Pushgateway stores with every group, and nobody can push. */
const TIME_STAMPS = new Set(['push_time_seconds', 'push_failure_time_seconds']);

/** The types by the names that the API has for them. */
const TYPES: ReadonlyMap<string, FamilyType> = new Map([
  ['COUNTER', 'counter'],
  ['GAUGE', 'gauge'],
  ['SUMMARY', 'summary'],
  ['UNTYPED', 'untyped'],
  ['HISTOGRAM', 'histogram'],
  ['GAUGE_HISTOGRAM', 'histogram'],
]);

/** What a store holds, in groups and beside them. */
type Stored = Pick<StoreContents, 'groups' | 'own'>;

/**
 * Reads the groups out of the answer of `GET /api/v1/metrics`; undefined if it is not such an
 * answer. What was scraped and is in no group is Pushgateway's own.
 * @param answer - the JSON, parsed
 * @param scraped - every family of a scrape in protobuf, which alone tells native histograms
 * @see pushgateway `api/v1/api.go`, `metrics`
 */
export function parseStoredGroups(
  answer: unknown,
  scraped: readonly FamilyContent[],
): Stored | undefined {
  const types = new Map(scraped.map(({ name, type }) => [name, type]));
  const series = createListedSeries();
  const groups = parseListing(answer)?.map(
    ({ key, families, pushedAt, failedAt }): ReadGroup => ({
      id: renderPushTarget(key),
      key,
      families: families.map((family) =>
        series.readFamily(family.name, typeOf(family, types), family.metrics),
      ),
      pushedAt,
      failedAt,
    }),
  );
  if (groups === undefined) return undefined;
  const grouped = new Set(groups.flatMap(({ families }) => families.map(({ name }) => name)));
  for (const stamp of TIME_STAMPS) grouped.add(stamp);
  return { groups, own: scraped.filter(({ name }) => !grouped.has(name)) };
}

/** A group as the API lists it: what it holds may be unsound. */
interface ListedGroup {
  readonly key: GroupingKey;
  /** Without the two push time stamps. */
  readonly families: readonly ListedFamily[];
  /** Milliseconds since the epoch. */
  readonly pushedAt: number | undefined;
  readonly failedAt: number | undefined;
}

/** One of its families; Pushgateway need not be able to show it. */
export interface ListedFamily {
  readonly name: string;
  /** In the API's spelling; that of an enum without a name is its number. */
  readonly type: string;
  readonly metrics: readonly unknown[];
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
    if (key === undefined) return [];
    const pushedAt = readTime(entry['push_time_seconds']);
    const failedAt = readTime(entry['push_failure_time_seconds']);
    return [{ key, families: readFamilies(entry), pushedAt, failedAt }];
  });
}

/** Whether Pushgateway has a name for the type that a family is listed with. */
export function isKnownType(type: string): boolean {
  return TYPES.has(type);
}

type JsonObject = Readonly<Record<string, unknown>>;

function readFamilies(entry: JsonObject): readonly ListedFamily[] {
  return Object.entries(entry).flatMap(([name, value]): readonly ListedFamily[] => {
    if (!isFamily(value) || TIME_STAMPS.has(name)) return [];
    return [{ name, type: String(value['type']), metrics: value['metrics'] }];
  });
}

/** A scrape knows better whether a histogram is a native one. */
function typeOf(
  { name, type: listed }: ListedFamily,
  types: ReadonlyMap<string, FamilyType>,
): FamilyType {
  const type = TYPES.get(listed) ?? 'untyped';
  const isNative = type === 'histogram' && types.get(name) === 'native_histogram';
  return isNative ? 'native_histogram' : type;
}

/** A family that is called `labels` takes the place of the labels; a time stamp has them too. */
function readKey(entry: JsonObject): GroupingKey | undefined {
  const labels = isFamily(entry['labels']) ? stampedLabels(entry) : entry['labels'];
  if (!isObject(labels)) return undefined;
  const { job, ...others } = labels;
  const pairs = Object.entries(others).map(([name, value]) => ({ name, value: String(value) }));
  return typeof job === 'string'
    ? { job, labels: pairs.toSorted((a, b) => (a.name < b.name ? -1 : 1)) }
    : undefined;
}

/** Labels of the time stamp of a group: those of its key, and an empty `instance` without one. */
function stampedLabels({ push_time_seconds: stamp }: JsonObject): JsonObject | undefined {
  const metric: unknown = isFamily(stamp) ? stamp['metrics'][0] : undefined;
  if (!isObject(metric) || !isObject(metric['labels'])) return undefined;
  const { instance, ...labels } = metric['labels'];
  return instance === '' ? labels : metric['labels'];
}

/** The value of a time stamp in milliseconds; undefined for 0, which stands for never. */
function readTime(family: unknown): number | undefined {
  const metric: unknown = isFamily(family) ? family['metrics'][0] : undefined;
  const seconds = isObject(metric) ? Number(metric['value']) : 0;
  return seconds > 0 && Number.isFinite(seconds) ? seconds * 1000 : undefined;
}

function isFamily(value: unknown): value is JsonObject & { readonly metrics: readonly unknown[] } {
  return isObject(value) && Array.isArray(value['metrics']);
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
