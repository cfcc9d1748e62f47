import { z } from 'zod';
import type { Finding } from '../engine/problem.ts';
import * as value from '../engine/values.ts';
import { findEmptyReads } from './empty-reads.ts';
import { findIdleTeams } from './idle-teams.ts';
import { checkAllowed } from './networks.ts';
import { checkTeam, type RawRules, type RawTeam, team } from './team.ts';
import { findOverlaps } from './team-overlaps.ts';

/** `teams`. */
export const teams = z.record(value.name, team).describe('who may push what');

/** What teams are held against. */
interface Surroundings {
  readonly defaults: RawRules;
  readonly networks: Readonly<Record<string, string[]>>;
  /** The team that needs no credential. */
  readonly anonymous: string;
  /** Left out for a single one. */
  readonly upstreams?: object | undefined;
}

/** Checks each team, and that no two teams can overwrite one another unnoticed. */
export function checkTeams(
  raw: Readonly<Record<string, RawTeam>>,
  { defaults, networks, anonymous, upstreams = {} }: Surroundings,
): readonly Finding[] {
  const named = Object.entries(raw);
  if (named.length === 0) {
    return [{ severity: 'warning', path: ['teams'], message: 'no team: nobody may push or read' }];
  }
  return [
    ...named.flatMap(([name, one]) => [
      ...checkTeam(name, one, name === anonymous),
      ...checkAllowed(['teams', name, 'allow_networks'], one.allow_networks, networks),
    ]),
    ...findIdleTeams(named, defaults),
    ...findOverlaps(named, defaults, Object.keys(upstreams)[0]),
    ...findEmptyReads(named, defaults),
  ];
}
