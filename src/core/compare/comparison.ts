import type { Deny } from '../decision.ts';
import { compilePolicy, type TeamPolicy } from '../policy/policy.ts';
import type { TeamSpec } from '../policy/policy-spec.ts';
import type { GroupTotals } from '../store/group-store.ts';
import type { GroupingKey } from '../target/grouping-key.ts';
import type { Conflict } from './find-conflicts.ts';
import { judgeGroup } from './judge-group.ts';
import type { LiveGroup } from './live-group.ts';

/** A live store held against a configuration. */
export interface Comparison extends GroupTotals {
  /** Every team that may push, and what it would have. */
  readonly teams: readonly TeamShare[];
  readonly refused: readonly RefusedGroup[];
  /** What does not refuse a group that is there, and could surprise all the same. */
  readonly warnings: readonly string[];
}

interface TeamShare extends GroupTotals {
  readonly team: string;
  readonly refused: number;
}

/** A group that could not be pushed again. */
export interface RefusedGroup {
  readonly target: string;
  readonly key: GroupingKey;
  readonly team: string | undefined;
  /** At least one, in the order of the checks. */
  readonly refusals: readonly Deny[];
}

interface Tally {
  groups: number;
  series: number;
  bytes: number;
  refused: number;
}

interface ComparedConfig {
  readonly teams: readonly TeamSpec[];
  readonly anonymousTeam: string | undefined;
}

/** Holds groups against a configuration, one after the other, as if every team enforced its rules. */
export class StoreComparison {
  readonly #teams: readonly TeamPolicy[];
  readonly #anonymousTeam: string | undefined;
  readonly #tallies: ReadonlyMap<string, Tally>;
  readonly #total = createTally();
  readonly #teamOf = new Map<string, string | undefined>();
  readonly #refused = new Map<string, RefusedGroup>();
  /** How many groups are over a limit that only a push of the whole group would meet. */
  readonly #large = new Map<string, number>();

  constructor({ teams, anonymousTeam }: ComparedConfig) {
    const policy = compilePolicy(teams.map((team) => ({ ...team, mode: 'enforce' })));
    // whoever has no credential comes last: what is only theirs is refused one day
    const names = teams.map(({ name }) => name).filter((name) => name !== anonymousTeam);
    if (anonymousTeam !== undefined) names.push(anonymousTeam);
    this.#teams = names.flatMap((name) => policy.team(name) ?? []);
    this.#anonymousTeam = anonymousTeam;
    const pushing = this.#teams.filter(({ actions }) => actions.has('push'));
    this.#tallies = new Map(pushing.map(({ name }) => [name, createTally()]));
  }

  add(group: LiveGroup): void {
    const { id: target, key, families, bytes } = group;
    const { team, refusals } = judgeGroup(group, this.#teams);
    const series = families.reduce((sum, family) => sum + family.series, 0);
    const tally = team === undefined ? undefined : this.#tallies.get(team);
    for (const one of [this.#total, ...(tally ? [tally] : [])]) {
      one.groups += 1;
      one.series += series;
      one.bytes += bytes;
    }
    this.#teamOf.set(target, team);
    if (refusals.length > 0) this.#refused.set(target, { target, key, team, refusals });
    else this.#noteSize(group, series, team);
  }

  /** Notes what other groups are in the way of. */
  addConflicts(conflicts: readonly Conflict[], groups: readonly LiveGroup[]): void {
    const keys = new Map(groups.map(({ id, key }) => [id, key]));
    for (const { id, refusal } of conflicts) {
      const known = this.#refused.get(id);
      const key = keys.get(id);
      if (key === undefined) continue;
      this.#refused.set(id, {
        target: id,
        key,
        team: this.#teamOf.get(id),
        refusals: [...(known?.refusals ?? []), refusal],
      });
    }
  }

  finish(): Comparison {
    for (const { team } of this.#refused.values()) {
      const tally = team === undefined ? undefined : this.#tallies.get(team);
      if (tally !== undefined) tally.refused += 1;
    }
    const { groups, series, bytes } = this.#total;
    return {
      groups,
      series,
      bytes,
      teams: [...this.#tallies].map(([team, tally]) => ({ team, ...tally })),
      refused: [...this.#refused.values()],
      warnings: [...this.#listQuotas(), ...this.#listLarge(), ...this.#listAnonymous()],
    };
  }

  /** The push may come in parts, or compressed: nobody knows. */
  #noteSize({ body = '' }: LiveGroup, series: number, team: string | undefined): void {
    const limits = this.#teams.find(({ name }) => name === team)?.limits;
    if (limits === undefined) return;
    const note = (key: string): void => {
      const what = `${team}: over ${key}`;
      this.#large.set(what, (this.#large.get(what) ?? 0) + 1);
    };
    const bytes = Buffer.byteLength(body);
    if (series > limits.series) note('limits.series if they are pushed in one request');
    if (bytes > limits.decoded) note('limits.decoded if they are pushed in one request');
    else if (bytes > limits.body) note('limits.body if they are pushed uncompressed, at once');
  }

  *#listLarge(): Generator<string> {
    for (const [what, count] of this.#large) yield `${what}: ${plural(count)}`;
  }

  /** What exists can be pushed again. */
  *#listQuotas(): Generator<string> {
    for (const { name, limits } of this.#teams) {
      const tally = this.#tallies.get(name);
      if (tally === undefined) continue;
      const quotas = [
        ['groups', tally.groups, limits.groups],
        ['total_series', tally.series, limits.totalSeries],
        ['total_bytes', tally.bytes, limits.totalBytes],
      ] as const;
      for (const [key, has, most] of quotas) {
        if (has <= most) continue;
        yield `${name}: has ${has}, limits.${key} is ${most}: what exists can be pushed again, nothing can be added`;
      }
    }
  }

  *#listAnonymous(): Generator<string> {
    const name = this.#anonymousTeam;
    const groups = (name === undefined ? undefined : this.#tallies.get(name)?.groups) ?? 0;
    if (groups > 0) yield `${name}: ${plural(groups)} of nobody else, open while \`anonymous\` is`;
  }
}

function createTally(): Tally {
  return { groups: 0, series: 0, bytes: 0, refused: 0 };
}

function plural(groups: number): string {
  return groups === 1 ? '1 group' : `${groups} groups`;
}
