import { renderVarint } from '../exposition/protobuf/wire.ts';
import { isObject, type JsonObject } from '../json.ts';
import { FAMILY_METRIC, forEachField, readLabels } from '../scrape/family-message.ts';
import { readPushTarget } from '../target/grouping-key.ts';
import type { GroupId } from './group.ts';
import type { ReadGroup } from './group-store.ts';
import type { ListedMetrics } from './listing-scanner.ts';

/** A group as it is stored, and what puts it into another store. */
export interface GroupContent extends ReadGroup {
  /** Delimited protobuf; empty where it was not asked for. */
  readonly body: Uint8Array;
  /** Whether the body has all that is listed of it. */
  readonly isWhole: boolean;
}

/**
 * Takes groups out of a store to the last bit: which series a group has only the listing tells, and
 * what they are, native histograms and exemplars too, only a scrape in protobuf.
 */
export interface ContentCollector {
  /** What the next group holds, as it is listed. */
  addListed(listed: ListedMetrics): void;
  /** The group itself. */
  endGroup(group: ReadGroup): void;
  /** A family of the scrape, without its length in front; undefined if it is not understood. */
  addFamily(message: Buffer): true | undefined;
  /** Whether any series is wanted. */
  hasSeries(): boolean;
  contents(): readonly GroupContent[];
}

const FAMILY_NAME = 1;
const FAMILY_HELP = 2;
const FAMILY_TYPE = 3;
const LENGTH_DELIMITED = 2;

/** A family of one group. */
interface HeldFamily {
  readonly name: string;
  readonly help: string;
  /** Labels of its series. */
  readonly keys: string[];
  /** Its fields as the scrape has them; undefined until one of its series came. */
  parts: Buffer[] | undefined;
  found: number;
}

/** @param ids - groups that are wanted */
export function createContentCollector(ids: ReadonlySet<GroupId>): ContentCollector {
  const jobs = new Set([...ids].map((id) => readPushTarget(id).job));
  let pending: HeldFamily[] = [];
  const wanted: { readonly group: ReadGroup; readonly families: readonly HeldFamily[] }[] = [];
  /** By the name of a family, then by the labels of a series. */
  const places = new Map<string, Map<string, HeldFamily>>();

  return {
    addListed({ name, help, metrics }) {
      if (!jobs.has(String(labelsOf(metrics[0])['job']))) return;
      let family = pending.at(-1);
      if (family?.name !== name) {
        family = { name, help, keys: [], parts: undefined, found: 0 };
        pending.push(family);
      }
      for (const metric of metrics) family.keys.push(keyOfListed(labelsOf(metric)));
    },
    endGroup(group) {
      const families = pending;
      pending = [];
      if (!ids.has(group.id)) return;
      wanted.push({ group, families });
      for (const family of families) {
        const series = places.get(family.name) ?? new Map<string, HeldFamily>();
        places.set(family.name, series);
        for (const key of family.keys) series.set(key, family);
      }
    },
    addFamily(message) {
      let series: ReadonlyMap<string, HeldFamily> | undefined;
      let type: Buffer = Buffer.alloc(0);
      const isSound = forEachField(message, (field, whole, content) => {
        if (field === FAMILY_NAME) series = places.get(content.toString());
        if (field === FAMILY_TYPE) type = Buffer.from(whole);
        if (field === FAMILY_METRIC && series !== undefined) take(series, whole, content, type);
        return true;
      });
      return isSound ? true : undefined;
    },
    hasSeries: () => places.size > 0,
    contents: () => wanted.map(({ group, families }) => render(group, families)),
  };
}

/** What cannot be read is none of what is listed: its group will not be whole. */
function take(
  series: ReadonlyMap<string, HeldFamily>,
  whole: Buffer,
  metric: Buffer,
  type: Buffer,
): void {
  const labels = readLabels(metric);
  const family = labels && series.get(keyOf(labels));
  if (family === undefined) return;
  family.parts ??= [type];
  family.parts.push(Buffer.from(whole));
  family.found += 1;
}

function render(group: ReadGroup, families: readonly HeldFamily[]): GroupContent {
  const body: Buffer[] = [];
  for (const { name, help, parts } of families) {
    if (parts === undefined) continue;
    const head = [renderText(FAMILY_NAME, name), ...(help ? [renderText(FAMILY_HELP, help)] : [])];
    const message = Buffer.concat([...head, ...parts]);
    body.push(renderVarint(message.length), message);
  }
  const isWhole = families.every(({ keys, found }) => found === keys.length);
  return { ...group, body: Buffer.concat(body), isWhole };
}

function renderText(field: number, text: string): Buffer {
  const bytes = Buffer.from(text);
  return Buffer.concat([
    renderVarint(field * 8 + LENGTH_DELIMITED),
    renderVarint(bytes.length),
    bytes,
  ]);
}

function labelsOf(metric: unknown): JsonObject {
  return isObject(metric) && isObject(metric['labels']) ? metric['labels'] : {};
}

function keyOfListed(labels: JsonObject): string {
  return keyOf(Object.entries(labels).map(([name, value]) => [name, String(value)] as const));
}

/** A label without a value is none. */
function keyOf(labels: Iterable<readonly [string, string]>): string {
  const pairs = [...labels].filter(([, value]) => value !== '');
  return pairs
    .map((pair) => pair.join('\0'))
    .sort()
    .join('\0\0');
}
