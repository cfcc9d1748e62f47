import { createFairQueue } from '../core/fair-queue.ts';
import type { MaybePromise } from '../core/maybe-promise.ts';

/**
 * Waits until a push of so many families may be held against the store, the teams in turns;
 * `dropped`: too many wait already.
 */
type FamilyPace = (team: string, families: number) => MaybePromise<'passed' | 'dropped'>;

/** To hold a family against the store takes some microseconds: all of them together a tenth of a core. */
const PER_SECOND = 10_000;
/** Families that come at once and are not slowed down. */
const BURST = 10_000;
/** A push of so few families never waits: it takes about five milliseconds. */
const FEW = 1000;
/** Pushes that wait, over all teams. */
const MAX_WAITING = 64;

/** Creates the pace of pushes with very many families: nobody else's push waits for them. */
export function createFamilyPace(): FamilyPace {
  const queue = createFairQueue({ parallel: 1, maxWaiting: MAX_WAITING });
  let left = BURST;
  let countedAt = performance.now();

  const refill = (): void => {
    const now = performance.now();
    left = Math.min(BURST, left + ((now - countedAt) * PER_SECOND) / 1000);
    countedAt = now;
  };
  const take = async (families: number): Promise<'passed'> => {
    refill();
    if (left < 0) await new Promise((resolve) => setTimeout(resolve, (-left * 1000) / PER_SECOND));
    refill();
    left -= families;
    return 'passed';
  };
  return (team, families) => (families <= FEW ? 'passed' : queue.run(team, () => take(families)));
}
