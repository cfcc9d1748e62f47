import { allow, type Decision, deny } from '../decision.ts';
import { isObject, type JsonObject, parseJson } from '../json.ts';
import type { ReadScope } from '../policy/read-scope.ts';
import { createArrayElements } from './array-elements.ts';
import type { Keep, ScrapeFilter } from './scrape-filter.ts';

const MAX_GROUP_CHARACTERS = 64 * 1024 * 1024;
const DONE = allow(undefined);
/** With which it begins. */
export const LISTING_HEAD = '{"status":"success","data":[';
/** Of a store without groups. */
const EMPTY = '{"status":"success","data":null}';

/**
 * Creates the filter of the answer of `GET /api/v1/metrics`: groups go out as they stand there, but
 * for series with labels that the team may not see.
 * @see pushgateway `api/v1/api.go`, `metrics`
 */
export function createListingFilter(scope: ReadScope): ScrapeFilter {
  const elements = createArrayElements();
  /** What came before the head was whole; undefined once it was. */
  let head: string | undefined = '';
  let isFirst = true;

  const filterGroup = (text: string): string | undefined => {
    const group = parseJson(Buffer.from(text, 'latin1').toString('utf8'));
    const labels = readGroupLabels(group);
    if (!isObject(group) || labels === undefined) return undefined;
    if (!scope.sees(labels)) return '';
    const separator = isFirst ? '' : ',';
    isFirst = false;
    const part = cutSeries(group, (own) => scope.sees(new Map([...labels, ...own])));
    return separator + (part === group ? text : toLatin1(JSON.stringify(part)));
  };

  const filterGroups = (text: string, begun: string, keep: Keep): Decision<undefined> => {
    const groups = elements.take(text).map(filterGroup);
    if (groups.includes(undefined)) return invalid('a group of the listing is not understood');
    if (elements.rest().length > MAX_GROUP_CHARACTERS) return invalid('a group is too large');
    keepText(begun + groups.join(''), keep);
    return DONE;
  };

  return {
    add({ buffer, byteOffset, byteLength }, keep) {
      const text = Buffer.from(buffer, byteOffset, byteLength).toString('latin1');
      if (head === undefined) return filterGroups(text, '', keep);
      head += text;
      if (head.startsWith(LISTING_HEAD)) {
        const rest = head.slice(LISTING_HEAD.length);
        head = undefined;
        return filterGroups(rest, LISTING_HEAD, keep);
      }
      const isPossible = LISTING_HEAD.startsWith(head) || EMPTY.startsWith(head.trimEnd());
      return isPossible ? DONE : invalid('the listing has another form');
    },
    end(keep) {
      const isEmpty = head?.trimEnd() === EMPTY;
      const isWhole = elements.hasEnded() && elements.rest().trim() === '}';
      if (!isEmpty && !isWhole) return invalid('the listing breaks off');
      keepText(isEmpty ? `${LISTING_HEAD}]}` : ']}', keep);
      return DONE;
    },
  };
}

/** @param text - each byte a character */
function keepText(text: string, keep: Keep): void {
  if (text !== '') keep(Buffer.from(text, 'latin1'), 0, text.length);
}

type Labels = ReadonlyMap<string, string>;

/**
 * The labels of a group; undefined for what is no group. A family that is called `labels` takes
 * their place; the time stamp, which nobody can push, has them too.
 */
function readGroupLabels(group: unknown): Labels | undefined {
  const stamps = property(property(group, 'push_time_seconds'), 'metrics');
  const stamp: unknown = Array.isArray(stamps) ? stamps[0] : undefined;
  return readLabels(property(group, 'labels')) ?? readLabels(property(stamp, 'labels'));
}

function readLabels(labels: unknown): Labels | undefined {
  if (!isObject(labels)) return undefined;
  const read = new Map<string, string>();
  for (const [name, value] of Object.entries(labels)) {
    if (typeof value !== 'string') return undefined;
    read.set(name, value);
  }
  return read;
}

/** The same group, or what is left of it without the series that may not be seen. */
function cutSeries(group: JsonObject, sees: (labels: Labels) => boolean): JsonObject {
  const isSeen = (metric: unknown): boolean => {
    const labels = property(metric, 'labels');
    const read = labels === undefined ? new Map<string, string>() : readLabels(labels);
    return read !== undefined && sees(read);
  };
  let isWhole = true;
  const members = Object.entries(group).flatMap(([name, member]) => {
    const metrics = property(member, 'metrics');
    if (!isObject(member) || !Array.isArray(metrics) || metrics.every(isSeen)) {
      return [[name, member] as const];
    }
    isWhole = false;
    const seen: readonly unknown[] = metrics.filter(isSeen);
    return seen.length > 0 ? [[name, { ...member, metrics: seen }] as const] : [];
  });
  return isWhole ? group : Object.fromEntries(members);
}

function toLatin1(text: string): string {
  return Buffer.from(text).toString('latin1');
}

function property(value: unknown, name: string): unknown {
  return isObject(value) ? value[name] : undefined;
}

function invalid(internal: string): Decision<never> {
  return deny('upstream_invalid', { internal });
}
