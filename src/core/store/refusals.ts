import { type Deny, deny } from '../decision.ts';
import type { FamilyType, PushedFamily } from '../exposition/push-content.ts';
import { renderQuoted } from '../printable.ts';
import type { GroupingKey } from '../target/grouping-key.ts';
import type { GroupId } from './group.ts';

/** A family that cannot come into the store, and the stored one that is in its way. */
export interface Clash {
  readonly pushed: PushedFamily;
  readonly stored: PushedFamily;
  /** Whether Pushgateway itself has the stored one. */
  readonly isOwn: boolean;
  /** Groups of the caller's own that have it, as far as they were looked for. */
  readonly groups: readonly GroupId[];
  /** Whether nobody else has it: with these groups it is gone. */
  readonly isAll: boolean;
}

/** Clashes that one answer says. */
export const MOST_CLASHES = 10;

/**
 * Refuses families because of stored ones, all of them in one answer. No other team is named, and a
 * group only to the team that owns it.
 */
export function denyClashes(clashes: readonly Clash[]): Deny {
  const [first, ...others] = clashes.slice(0, MOST_CLASHES).map(describeClash);
  const more = clashes.length - MOST_CLASHES;
  return deny('inconsistent', {
    detail: first?.[0] ?? '',
    hints: [
      ...(first?.slice(1) ?? []),
      ...others.flat(),
      ...(more > 0 ? [`and ${more} more of this kind`] : []),
    ],
  });
}

function describeClash(clash: Clash): readonly string[] {
  const { pushed, stored, isOwn, groups } = clash;
  const name = renderQuoted(pushed.name);
  const isSameName = pushed.name === stored.name;
  if (isOwn) {
    const what = isSameName
      ? `metric ${name} is Pushgateway's own, a ${stored.type}, not ${pushed.type}`
      : `${pushed.type} ${name} clashes with Pushgateway's own ${stored.type} ${renderQuoted(stored.name)}`;
    return [what, 'rename your metric'];
  }
  const what = isSameName
    ? `metric ${name} is stored as ${stored.type}, not ${pushed.type}`
    : `${pushed.type} ${name} clashes with ${stored.type} ${renderQuoted(stored.name)}`;
  const form = isSameName ? describeForm(pushed, stored) : undefined;
  const otherwise = describeWay(clash);
  if (form === undefined) return [what, otherwise];
  return [what, form, groups.length === 0 ? `or, ${otherwise}` : `or ${otherwise}`];
}

/** Groups that one line names. */
const MOST_NAMED = 3;

/** How a metric comes into the store that keeps its type: a deletion is named only where it helps. */
function describeWay({ groups, isAll }: Clash): string {
  const [first, ...others] = groups;
  if (first === undefined) return 'as another group has it, rename your metric';
  if (!isAll) return `rename your metric: other groups have it beside ${first} of your team`;
  if (others.length === 0) return `delete the group of your team that has it: ${first}`;
  const named = groups.slice(0, MOST_NAMED).join(', ');
  const more = groups.length - MOST_NAMED;
  return `delete the groups of your team that have it: ${named}${more > 0 ? ` and ${more} more` : ''}`;
}

/** The lines of a family of several. */
const LINES: Readonly<Partial<Record<FamilyType, string>>> = {
  histogram: '_bucket{le="BOUND"}, _sum and _count',
  summary: '{quantile="0.99"}, _sum and _count',
};

/** What would make the pushed family one of the stored type; undefined where one line cannot. */
function describeForm({ name, type }: PushedFamily, stored: PushedFamily): string | undefined {
  const lines = LINES[stored.type];
  if (stored.type === 'native_histogram') return undefined;
  if (lines !== undefined) return `write it as a ${stored.type}: ${name} with ${lines}`;
  const isOneLine = LINES[type] === undefined && type !== 'native_histogram';
  return isOneLine ? `push it with the line: # TYPE ${name} ${stored.type}` : undefined;
}

/** Refuses a native histogram that the store would not keep. */
export function denyNative({ name }: PushedFamily): Deny {
  return deny('body_invalid', {
    detail: `${renderQuoted(name)} is a native histogram, which this Pushgateway does not keep`,
    hints: ['push it with classic buckets, or have Pushgateway updated to 1.5.1 or later'],
  });
}

/** Two series that Pushgateway takes for one. */
export interface SeriesClash {
  readonly pushed: PushedFamily;
  readonly key: GroupingKey;
  readonly team: string;
  /** Undefined where it is the push itself, or Pushgateway, that has the other one. */
  readonly holder: SeriesHolder | undefined;
  /** The metric of the other one. */
  readonly stored: string;
}

interface SeriesHolder {
  readonly id: GroupId;
  /** Whether it is of the team that pushes. */
  readonly isOfTeam: boolean;
  readonly key: GroupingKey;
}

/**
 * Refuses a series that another group has: its labels say which ones lie in the key of the one and
 * in the body of the other. They are the caller's own, as the series is the same.
 */
export function denyDuplicate({ pushed, key, holder, team }: SeriesClash): Deny {
  const mine = labelNames(key);
  const theirs = holder === undefined ? new Set<string>() : labelNames(holder.key);
  const inBody = [...theirs.difference(mine)].sort();
  const inKey = [...mine.difference(theirs)].sort();
  const hints = [
    ...(holder?.isOfTeam ? [`it is in the group of your team: ${holder.id}`] : []),
    ...(inBody.length > 0
      ? [`leave out of the body: ${inBody.join(', ')}; or push to the group with these labels`]
      : []),
    ...(inKey.length > 0
      ? [
          `the other group has ${inKey.join(', ')} in its body, and you in the path`,
          'leave it out of the body that is pushed there, or out of your path',
        ]
      : []),
    'a label without a value is the same as no label',
  ];
  return deny('inconsistent', {
    detail: `a series of ${renderQuoted(pushed.name)} is stored in another group`,
    hints,
    internal: `${describePushed(pushed, team, key)} is also in ${holder?.id ?? 'Pushgateway itself'}`,
  });
}

function labelNames({ labels }: GroupingKey): ReadonlySet<string> {
  return new Set(labels.map(({ name }) => name));
}

/** Refuses a series that is another one with the same hash, which does not come about by chance. */
export function denyCollision({ pushed, key, team, holder, stored }: SeriesClash): Deny {
  const where = holder === undefined ? 'of Pushgateway or of the push itself' : `in ${holder.id}`;
  return deny('inconsistent', {
    isCollision: true,
    detail: `a series of ${renderQuoted(pushed.name)} has the hash of another series`,
    hints: ['Pushgateway would take the two for one: change one of its label values'],
    internal: `hash collision: ${describePushed(pushed, team, key)} with ${stored} ${where}`,
  });
}

function describePushed(
  { name }: PushedFamily,
  team: string,
  { job, labels }: GroupingKey,
): string {
  const pairs = [{ name: 'job', value: job }, ...labels];
  const rendered = pairs.map((pair) => `${pair.name}=${renderQuoted(pair.value)}`);
  return `${name} of team ${team} in {${rendered.join(',')}}`;
}
