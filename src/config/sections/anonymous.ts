import { findNearest } from '../engine/nearest.ts';
import type { Finding } from '../engine/problem.ts';
import * as value from '../engine/values.ts';

/** `anonymous`. */
export const anonymous = value.name
  .default('none')
  .describe('the team of callers without a credential, for the time of a migration');

/** @returns the name of a team, or undefined where there is none */
export function resolveAnonymous(raw: string): string | undefined {
  return raw === 'none' ? undefined : raw;
}

interface Permissions {
  readonly allow?: readonly string[] | undefined;
}

/** Checks that there is such a team, and that nobody can delete without saying who they are. */
export function checkAnonymous(
  raw: string,
  teams: Readonly<Record<string, Permissions>>,
  defaults: Permissions,
): readonly Finding[] {
  const path = ['anonymous'];
  const name = resolveAnonymous(raw);
  if (name === undefined) return [];
  const team = Object.hasOwn(teams, name) ? teams[name] : undefined;
  if (team === undefined) {
    const nearest = findNearest(name, Object.keys(teams));
    const hint = nearest === undefined ? '' : `, did you mean "${nearest}"?`;
    return [{ severity: 'error', path, message: `there is no team ${name}${hint}` }];
  }
  if ((team.allow ?? defaults.allow)?.includes('delete') !== true) return [];
  const message = `lets everybody delete what team ${name} may delete`;
  return [{ severity: 'warning', path, message }];
}
