import type { FamilyContent, FamilyType } from '../exposition/push-content.ts';
import { isObject, type JsonObject } from '../json.ts';
import { renderPushTarget } from '../target/grouping-key.ts';
import type { ReadGroup } from './group-store.ts';
import { createJsonPieces, type JsonPieces } from './json-pieces.ts';
import { createListedSeries } from './listed-series.ts';
import { LISTED_TYPES, toKey, withoutAddedInstance } from './stored-groups.ts';

/** The answer of `GET /api/v1/metrics`, whole containers of which are open at these depths. */
const ROOT = 1;
const GROUP = 3;
const MEMBER = 4;
const METRICS = 5;

const PUSHED = 'push_time_seconds';
const FAILED = 'push_failure_time_seconds';

/** Something in a group: its labels, a family, or what the API adds. */
interface Member {
  readonly name: string;
  /** Its strings, by their keys. */
  readonly texts: Map<string, string>;
  isFamily: boolean;
  key: string;
  first: JsonObject | undefined;
  /** Metrics that are to be read yet. */
  metrics: unknown[];
  content: FamilyContent | undefined;
}

/** Metrics that are read at once; there is no bound to how many a family has. */
const METRICS_AT_ONCE = 256;

/** Metrics of one family as the API lists them, all of them or some. */
export interface ListedMetrics {
  readonly name: string;
  readonly type: FamilyType;
  readonly help: string;
  readonly metrics: readonly unknown[];
}

interface ScannerOptions {
  /**
   * Names of the native histograms; without them a listing that does not tell which ones are ends in
   * an `UndecidedHistogram`.
   */
  readonly natives?: ReadonlySet<string> | undefined;
  /** Gets what the next group holds, before the group itself. */
  readonly onMetrics?: ((listed: ListedMetrics) => void) | undefined;
}

/**
 * Reads groups out of the answer of `GET /api/v1/metrics` while it arrives.
 * @param onGroup - gets each group when it is whole; what has no key is none
 * @see pushgateway `api/v1/api.go`, `metrics`
 */
export function createListingScanner(
  onGroup: (group: ReadGroup) => void,
  { natives, onMetrics }: ScannerOptions = {},
): JsonPieces {
  const series = createListedSeries();
  const rootKeys = new Set<string>();
  let families: FamilyContent[] = [];
  let labels: ReadonlyMap<string, string> | undefined;
  let stamped: JsonObject | undefined;
  let times: { pushedAt: number | undefined; failedAt: number | undefined };
  let member: Member | undefined;
  let name = '';

  const readMetrics = (of: Member): void => {
    const type = typeOf(of.texts.get('type') ?? '', of.first);
    const isUndecided = type === 'histogram' && hasNoBuckets(of.first);
    if (isUndecided && natives === undefined) throw new UndecidedHistogram(of.name);
    const isNative = isUndecided && natives?.has(of.name) === true;
    const listed = {
      name: of.name,
      type: isNative ? 'native_histogram' : type,
      help: of.texts.get('help') ?? '',
      metrics: of.metrics,
    } as const;
    const more = series.readFamily(listed.name, listed.type, listed.metrics);
    onMetrics?.(listed);
    of.metrics = [];
    of.content = of.content === undefined ? more : joinContents(of.content, more);
  };

  const endMember = (ending: Member): void => {
    const { name: ended, texts, isFamily, first } = ending;
    if (!isFamily) {
      if (ended === 'labels') labels = texts;
    } else if (ended === PUSHED) {
      times.pushedAt = readTime(first);
      stamped = labelsOf(first);
    } else if (ended === FAILED) {
      times.failedAt = readTime(first);
    } else {
      readMetrics(ending);
      if (ending.content !== undefined) families.push(ending.content);
    }
  };

  const endGroup = (): void => {
    // A family that is called `labels` takes the place of the labels; a time stamp has them too.
    const pairs = labels ? Object.fromEntries(labels) : stamped && withoutAddedInstance(stamped);
    const key = pairs && toKey(pairs);
    if (key) onGroup({ id: renderPushTarget(key), key, families, ...times });
  };

  const pieces = createJsonPieces(METRICS, {
    open(depth) {
      if (depth === GROUP) {
        families = [];
        labels = undefined;
        stamped = undefined;
        times = { pushedAt: undefined, failedAt: undefined };
      } else if (depth === MEMBER) {
        member = createMember(name);
      } else if (depth === METRICS && member?.key === 'metrics') {
        member.isFamily = true;
      }
    },
    close(depth) {
      if (depth === GROUP) endGroup();
      else if (depth === MEMBER && member) endMember(member);
    },
    key(depth, text) {
      if (depth === ROOT) rootKeys.add(text);
      if (depth === GROUP) name = text;
      if (depth === MEMBER && member) member.key = text;
    },
    text(depth, value) {
      if (depth === MEMBER) member?.texts.set(member.key, value);
    },
    piece(value) {
      if (!member?.isFamily || !isObject(value)) return;
      member.first ??= value;
      member.metrics.push(value);
      if (member.metrics.length >= METRICS_AT_ONCE) readMetrics(member);
    },
  });
  return onlyWith('data', rootKeys, pieces);
}

function createMember(name: string): Member {
  const nothing = { key: '', first: undefined, content: undefined };
  return { name, texts: new Map(), isFamily: false, metrics: [], ...nothing };
}

/** The same, but for what ends without a key at its root. */
function onlyWith(key: string, rootKeys: ReadonlySet<string>, pieces: JsonPieces): JsonPieces {
  return {
    add: (chunk) => pieces.add(chunk),
    end() {
      pieces.end();
      if (!rootKeys.has(key)) throw new SyntaxError(`the JSON has no ${key}`);
    },
  };
}

function joinContents(a: FamilyContent, b: FamilyContent): FamilyContent {
  return {
    ...a,
    series: a.series + b.series,
    bytes: a.bytes + b.bytes,
    identities: a.identities.concat(b.identities),
  };
}

/** A histogram without buckets may be of either kind; a scrape in protobuf tells. */
export class UndecidedHistogram extends Error {}

function hasNoBuckets(metric: JsonObject | undefined): boolean {
  const buckets = metric?.['buckets'];
  return isObject(buckets) && Object.keys(buckets).length === 0;
}

/** Native histograms have lists of buckets where classic ones have bounds, from 1.8.0 on. */
function typeOf(listed: string, first: JsonObject | undefined): FamilyType {
  const type = LISTED_TYPES.get(listed) ?? 'untyped';
  if (type !== 'histogram') return type;
  return isObject(first?.['buckets']) ? type : 'native_histogram';
}

function labelsOf(metric: JsonObject | undefined): JsonObject | undefined {
  return isObject(metric?.['labels']) ? metric['labels'] : undefined;
}

/** The value of a time stamp in milliseconds; undefined for 0, which stands for never. */
function readTime(metric: JsonObject | undefined): number | undefined {
  const seconds = Number(metric?.['value']);
  return seconds > 0 && Number.isFinite(seconds) ? seconds * 1000 : undefined;
}
