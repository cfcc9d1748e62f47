import { renderQuoted } from '../printable.ts';
import { type GroupingKey, renderPushTarget } from '../target/grouping-key.ts';
import { type AccusedSeries, readAccusedSeries } from './accused-series.ts';
import type { GroupId } from './group.ts';
import type { OddHistogram } from './mixed-histograms.ts';
import { type RawKey, renderRawTarget } from './raw-target.ts';
import {
  isKnownType,
  type ListedFamily,
  type ListedGroup,
  parseListing,
  TIME_STAMPS,
} from './stored-groups.ts';

/** A group that may be why a scrape is broken. */
export interface SuspectGroup {
  /** A path that names it, also where its key has bytes that are no text. */
  readonly group: string;
  /** What the API, and the model, know it by: bytes that are no text are lost there. */
  readonly id: GroupId;
  readonly problem: string;
  /**
   * `itself`: no scrape can show what it holds; `type`: it has a family that another group has with
   * another type; `series`: a series is said to be there twice, by these groups or within one;
   * `kind`: it has a histogram that is native where others are classic, or the other way round;
   * `help`: it has one that may not be UTF-8, which a scrape has to show.
   */
  readonly blame: 'itself' | 'type' | 'series' | 'kind' | 'help';
  /** Of a blame for its kind or help. */
  readonly family?: string;
}

/** What the API has in place of bytes that are no text. */
const LOST = '\uFFFD';

/**
 * Looks for the groups that break a scrape: those that hold what no scrape can show, and those that
 * Pushgateway's own error speaks of.
 * @param listing - the answer of `GET /api/v1/metrics`, parsed
 * @param error - what the scrape answered instead of metrics; empty if it was cut off
 * @param odd - histograms of another kind than others of their name
 * @returns none if it cannot be told
 */
export function findSuspectGroups(
  listing: unknown,
  error: string,
  odd: readonly OddHistogram[] = [],
): readonly SuspectGroup[] {
  const groups = parseListing(listing) ?? [];
  const contested = findContested(groups.flatMap(({ families }) => families));
  const accused = readAccusedSeries(error);
  const unsound = new Map(
    accused.filter(isKeyUnsound).map((series) => {
      const suspect = blameKey(series);
      return [suspect.group, suspect];
    }),
  );
  const known = new Set([...unsound.values()].map(({ id }) => id));
  const unshowable = accused.filter((one) => isUnsound(one) && !isKeyUnsound(one));
  const doubted = accused.filter((one) => !isUnsound(one) && !contested.has(one.family));
  const others = groups.flatMap(({ key, families }): readonly SuspectGroup[] => {
    const group = renderPushTarget(key);
    if (known.has(group)) return [];
    const common = { group, id: group };
    const [problem] = families.flatMap((family) => explainFamily(family) ?? []);
    if (problem !== undefined) return [{ ...common, problem, blame: 'itself' }];
    const bad = unshowable.find((series) => hasSeries({ key, families }, series));
    if (bad) return [{ ...common, problem: explainSeries(bad), blame: 'itself' }];
    const clash = families.find(({ name }) => contested.has(name));
    if (clash) {
      return [
        { ...common, problem: `family ${renderQuoted(clash.name)} has two types`, blame: 'type' },
      ];
    }
    const isNamed = doubted.some((series) => belongsTo(series, key));
    if (isNamed)
      return [{ ...common, problem: 'named in the error of the scrape', blame: 'series' }];
    const mixed = odd.find((one) => families.some((family) => holds(family, one)));
    const helps = families.filter(({ help }) => help.includes(LOST)).map(blameHelp);
    return [...(mixed ? [blameKind(mixed)] : []), ...helps].map((one) => ({ ...common, ...one }));
  });
  return [...unsound.values(), ...others].sort((a, b) => (a.group < b.group ? -1 : 1));
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

/** A time stamp of a group whose key no scrape can show: its labels are the key. */
function isKeyUnsound(series: AccusedSeries): boolean {
  return TIME_STAMPS.has(series.family) && series.labels.has('job') && isUnsound(series);
}

/** Whether no scrape can show its labels. */
function isUnsound({ labels, problem }: AccusedSeries): boolean {
  return ![...labels.values()].every(isText) || problem.includes('label with an invalid name');
}

function isText(bytes: Buffer): boolean {
  return bytes.equals(Buffer.from(bytes.toString()));
}

/** Pushgateway gives a group without an instance an empty one. */
function blameKey({ labels }: AccusedSeries): SuspectGroup {
  const raw: RawKey = new Map(
    [...labels].filter(([name, value]) => name !== 'instance' || value.length > 0),
  );
  const texts = [...raw].map(([name, value]) => ({ name, value: value.toString() }));
  const job = texts.find(({ name }) => name === 'job')?.value ?? '';
  const others = texts.filter(({ name }) => name !== 'job');
  const key = { job, labels: others.sort((a, b) => (a.name < b.name ? -1 : 1)) };
  const isNamed = [...raw.values()].every(isText);
  return {
    group: renderRawTarget(raw),
    id: renderPushTarget(key),
    problem: isNamed ? 'a label has a name that no scrape can show' : 'a label is not UTF-8',
    blame: 'itself',
  };
}

function belongsTo({ labels }: AccusedSeries, { job, labels: pairs }: GroupingKey): boolean {
  const read = (name: string): string => labels.get(name)?.toString() ?? '';
  if (read('job') !== job) return false;
  const instance = pairs.find(({ name }) => name === 'instance')?.value ?? '';
  if (read('instance') !== instance) return false;
  return pairs.every(({ name, value }) => read(name) === value);
}

/** Whether the group has the family, and the series the labels of its key, which are sound. */
function hasSeries(
  { key, families }: Pick<ListedGroup, 'key' | 'families'>,
  series: AccusedSeries,
): boolean {
  const names = ['job', ...key.labels.map(({ name }) => name)];
  const isKeySound = names.every((name) => isText(series.labels.get(name) ?? Buffer.alloc(0)));
  const hasFamily = families.some(({ name }) => name === series.family);
  return isKeySound && hasFamily && belongsTo(series, key);
}

function explainSeries({ family, labels }: AccusedSeries): string {
  const isNamed = [...labels.values()].every(isText);
  const what = isNamed ? 'has a name that no scrape can show' : 'is not UTF-8';
  return `a label of family ${renderQuoted(family)} ${what}`;
}

function explainFamily({ name, type }: ListedFamily): string | undefined {
  if (name === '') return 'a family has no name';
  return isKnownType(type) ? undefined : `family ${renderQuoted(name)} has no known type`;
}

/** The API lists a series with the labels of its group. */
function holds({ name, series }: ListedFamily, { family, labels }: OddHistogram): boolean {
  if (name !== family) return false;
  const wanted = new Set([...labels].map(pairOf));
  return series.some((listed) => {
    const pairs = Object.entries(listed).map(([label, value]) => pairOf([label, String(value)]));
    return pairs.length === wanted.size && pairs.every((pair) => wanted.has(pair));
  });
}

function pairOf([name, value]: readonly [string, string]): string {
  return `${name}=${value}`;
}

function blameHelp({ name }: ListedFamily): Omit<SuspectGroup, 'group' | 'id'> {
  const problem = `the help of family ${renderQuoted(name)} is not UTF-8`;
  return { problem, blame: 'help', family: name };
}

function blameKind({ family, isNative }: OddHistogram): Omit<SuspectGroup, 'group' | 'id'> {
  const [here, there] = isNative ? ['native', 'classic'] : ['classic', 'native'];
  const problem = `histogram ${renderQuoted(family)} is ${here} here, and ${there} in other groups`;
  return { problem, blame: 'kind', family };
}
