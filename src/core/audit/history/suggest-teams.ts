import { compileGlobs } from '../../matcher.ts';
import { parseIpAddress, renderNetwork } from '../../network/ip-address.ts';
import { type TrafficProfile, toJobPattern } from './traffic-profile.ts';

/** A team as it would stand in a configuration, and what there is to say of it. */
export interface SuggestedTeam {
  readonly name: string;
  /** In the words of the configuration; without credentials. */
  readonly team: Readonly<Record<string, unknown>>;
  readonly comments: readonly string[];
}

/** Jobs that differ in their last number only, from which on they become a pattern. */
const ENOUGH_FOR_PATTERN = 5;
/** Networks named for one team; beyond it every network is let in. */
const MAX_NETWORKS = 32;
const HEAD_ROOM = 2;
const LEAST_SERIES = 100;
const LEAST_BURST = 20;
const LEAST_KIB = 64;
const KIB = 1024;

interface Draft {
  readonly jobs: readonly string[];
  readonly profiles: readonly TrafficProfile[];
}

/** Drafts teams that may do what was done, with head-room, and nothing else. */
export function suggestTeams(
  profiles: ReadonlyMap<string, TrafficProfile>,
): readonly SuggestedTeam[] {
  const names = new Set<string>();
  return draftTeams(profiles).map(({ name, draft }) => renderTeam(takeName(name, names), draft));
}

/** Jobs such as `ci_1`, `ci_2` and so on are one team with the pattern `ci_*`. */
function draftTeams(profiles: ReadonlyMap<string, TrafficProfile>) {
  const patterns = new Map<string, number>();
  for (const name of profiles.keys()) {
    const pattern = toJobPattern(name);
    if (pattern !== name) patterns.set(pattern, (patterns.get(pattern) ?? 0) + 1);
  }
  const frequent = [...patterns].flatMap(([pattern, count]) =>
    count >= ENOUGH_FOR_PATTERN ? [{ pattern, globs: compileGlobs([pattern]) }] : [],
  );
  const drafts = new Map<string, { jobs: string[]; profiles: TrafficProfile[] }>();
  for (const [name, profile] of [...profiles].sort(([one], [other]) => (one < other ? -1 : 1))) {
    const found = frequent.find(({ globs }) => globs.matches(name));
    const key = found?.pattern ?? name;
    const draft = drafts.get(key) ?? {
      jobs: found === undefined ? [] : [found.pattern],
      profiles: [],
    };
    drafts.set(key, draft);
    draft.profiles.push(profile);
    const covered = compileGlobs(draft.jobs);
    for (const job of [...profile.jobs].sort()) if (!covered.matches(job)) draft.jobs.push(job);
  }
  return [...drafts].map(([name, draft]) => ({ name, draft }));
}

function renderTeam(name: string, { jobs, profiles }: Draft): SuggestedTeam {
  const families = unite(profiles.map((profile) => profile.families));
  const networks = unite(profiles.map(({ clients }) => clients && toNetworks(clients)));
  const isNarrow = networks !== undefined && networks.length <= MAX_NETWORKS;
  const actions = unite(profiles.map(({ actions }) => actions)) ?? [];
  const pushing = profiles.filter(({ pushes }) => pushes > 0);
  const required = [...(pushing[0]?.requiredLabels ?? [])].filter((label) =>
    pushing.every(({ requiredLabels }) => requiredLabels.has(label)),
  );
  const pushes = profiles.reduce((sum, profile) => sum + profile.pushes, 0);
  const team = {
    // a team that only read has no job of its own
    jobs: jobs.length > 0 ? jobs : ['*'],
    allow: (['push', 'delete', 'read'] as const).filter((action) => actions.includes(action)),
    ...(required.length > 0 && { require_labels: required.sort() }),
    ...(families !== undefined && families.length > 0 && { metrics: { allow: families } }),
    ...(isNarrow && { allow_networks: networks }),
    ...(profiles.some(({ hasEmpty }) => hasEmpty) && { empty_pushes: 'allow' }),
    limits: renderLimits(profiles),
  };
  const comments = [
    `${pushes} ${pushes === 1 ? 'push' : 'pushes'}`,
    ...(families === undefined ? ['the log names not all of its metrics: all are allowed'] : []),
    ...(isNarrow ? [] : ['it came from too many networks to name: all are allowed']),
  ];
  return { name, team, comments };
}

function renderLimits(profiles: readonly TrafficProfile[]) {
  const most = (pick: (profile: TrafficProfile) => number): number =>
    profiles.reduce((max, profile) => Math.max(max, pick(profile)), 0) * HEAD_ROOM;
  const sum = (pick: (profile: TrafficProfile) => number): number =>
    profiles.reduce((total, profile) => total + pick(profile), 0) * HEAD_ROOM;
  const kib = (bytes: number): string => `${Math.max(LEAST_KIB, Math.ceil(bytes / KIB))}KiB`;
  return {
    body: kib(most(({ bodyBytes }) => bodyBytes)),
    decoded: kib(most(({ decodedBytes }) => decodedBytes)),
    series: Math.max(
      LEAST_SERIES,
      most(({ series }) => series),
    ),
    rate: `${Math.max(
      1,
      sum(({ perSecond }) => perSecond),
    )}/s`,
    burst: Math.max(
      LEAST_BURST,
      sum(({ perMinute }) => perMinute),
    ),
  };
}

/** Sorted; undefined when one of them is. */
function unite<Item extends string>(
  sets: readonly (ReadonlySet<Item> | undefined)[],
): readonly Item[] | undefined {
  const all = new Set<Item>();
  for (const set of sets) {
    if (set === undefined) return undefined;
    for (const item of set) all.add(item);
  }
  return [...all].sort();
}

function toNetworks(clients: ReadonlySet<string>): ReadonlySet<string> | undefined {
  const addresses = [...clients].map(parseIpAddress);
  if (addresses.some((address) => address === undefined)) return undefined;
  return new Set(addresses.flatMap((address) => (address ? [renderNetwork(address)] : [])));
}

/** A name that a team can have, and no other team has yet. */
function takeName(text: string, taken: Set<string>): string {
  const base =
    text
      .replace(/[^A-Za-z0-9_.-]+/g, '-')
      .replace(/^[^A-Za-z0-9]+|[^A-Za-z0-9]+$/g, '')
      .slice(0, 48) || 'team';
  let name = base;
  for (let copy = 2; taken.has(name); copy += 1) name = `${base}-${copy}`;
  taken.add(name);
  return name;
}
