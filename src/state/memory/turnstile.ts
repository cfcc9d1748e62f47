import type { Clock } from '../../pipeline/ports.ts';
import type { Entry, TeamTurnstile, Turn, Turnstile } from '../../pipeline/shared-state.ts';
import { createPlaces } from '../places.ts';
import { createRate, type Rate } from './rate.ts';

/** Of a gateway that is alone: it is told when a place comes free. */
const FULL: Entry = { kind: 'full', retryMs: Number.POSITIVE_INFINITY };

/** Counts in memory. The rate of a team whose rate or burst changed starts anew. */
export function createMemoryTurnstile(clock: Pick<Clock, 'monotonic'>): Turnstile {
  const teams = new Map<string, TeamTurnstile>();
  return {
    team(name) {
      const known = teams.get(name) ?? createTeamTurnstile(clock);
      teams.set(name, known);
      return known;
    },
  };
}

function createTeamTurnstile(clock: Pick<Clock, 'monotonic'>): TeamTurnstile {
  const places = createPlaces();
  let counted: { readonly limits: Turn['limits']; readonly rate: Rate } | undefined;
  const rateOf = (limits: Turn['limits']): Rate => {
    if (counted === undefined || !hasSameRate(counted.limits, limits)) {
      counted = { limits, rate: createRate(limits) };
    }
    return counted.rate;
  };
  return {
    get sources() {
      return places.sources;
    },
    has: places.has,
    isFull: places.isFull,
    enter({ source, limits, ignoresRate }) {
      if (places.isFull(source, limits.concurrent)) return FULL;
      const waitMs = ignoresRate ? 0 : rateOf(limits).take(clock.monotonic());
      if (waitMs > 0) return { kind: 'early', waitMs };
      places.take(source);
      return { kind: 'entered', leave: () => places.giveBack(source) };
    },
  };
}

function hasSameRate(a: Turn['limits'], b: Turn['limits']): boolean {
  return a.rate.count === b.rate.count && a.rate.perMs === b.rate.perMs && a.burst === b.burst;
}
