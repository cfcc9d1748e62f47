import { renderQuoted } from '../printable.ts';
import { type GroupingKey, renderPushTarget } from '../target/grouping-key.ts';
import { isKnownType, type ListedFamily, parseListing } from './stored-groups.ts';

/** A group that may be why a scrape is broken. */
export interface SuspectGroup {
  /** Canonical path of its grouping key, as far as the API can tell it. */
  readonly group: string;
  readonly problem: string;
}

/** What the API writes for bytes that are no UTF-8. */
const REPLACEMENT = '\u{fffd}';

/** A label as Pushgateway's errors write it, `name:"job" value:"a"`, with Go's escapes. */
const LABEL = /name:"((?:[^"\\]|\\.)*)"\s+value:"((?:[^"\\]|\\.)*)"/g;

/**
 * Looks for the groups that break a scrape: those that hold what no scrape can show, and those that
 * Pushgateway's own error speaks of.
 * @param listing - the answer of `GET /api/v1/metrics`, parsed
 * @param error - what the scrape answered instead of metrics; empty if it was cut off
 * @returns none if it cannot be told
 * @see client_golang `prometheus/registry.go`, `checkMetricConsistency`
 */
export function findSuspectGroups(listing: unknown, error: string): readonly SuspectGroup[] {
  const groups = parseListing(listing) ?? [];
  const contested = findContested(groups.flatMap(({ families }) => families));
  const accused = readAccused(error);
  const suspects = groups.flatMap(({ key, families }) => {
    const problem =
      (hasUnsoundLabel(key) && 'a label is not UTF-8') ||
      families
        .map((family) => explainFamily(family, contested))
        .find((found) => found !== undefined) ||
      (accused.some((labels) => belongsTo(labels, key)) && 'named in the error');
    return problem ? [{ group: renderPushTarget(key), problem }] : [];
  });
  return suspects.sort((a, b) => (a.group < b.group ? -1 : 1));
}

/** Names with several types: the error speaks of one of their groups, now this, now that. */
function findContested(families: readonly ListedFamily[]): ReadonlySet<string> {
  const types = new Map<string, string>();
  const contested = new Set<string>();
  for (const { name, type } of families) {
    if ((types.get(name) ?? type) !== type) contested.add(name);
    types.set(name, type);
  }
  return contested;
}

type Labels = ReadonlyMap<string, string>;

/** The labels of each series that the error speaks of. */
function readAccused(error: string): readonly Labels[] {
  return error.split('\n').map((line) => {
    return new Map([...line.matchAll(LABEL)].map(([, name = '', value = '']) => [name, value]));
  });
}

/** Pushgateway gives a group without an instance an empty one. */
function belongsTo(labels: Labels, { job, labels: pairs }: GroupingKey): boolean {
  if (labels.get('job') !== job) return false;
  const instance = pairs.find(({ name }) => name === 'instance')?.value ?? '';
  if ((labels.get('instance') ?? '') !== instance) return false;
  return pairs.every(({ name, value }) => labels.get(name) === value);
}

function hasUnsoundLabel({ job, labels }: GroupingKey): boolean {
  return job.includes(REPLACEMENT) || labels.some(({ value }) => value.includes(REPLACEMENT));
}

function explainFamily(
  { name, type }: ListedFamily,
  contested: ReadonlySet<string>,
): string | undefined {
  if (name === '') return 'a family has no name';
  if (!isKnownType(type)) return `family ${renderQuoted(name)} has no known type`;
  return contested.has(name) ? `family ${renderQuoted(name)} has two types` : undefined;
}
