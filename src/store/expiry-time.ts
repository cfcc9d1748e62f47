import { createSteadyTime, type SteadyTime } from '../core/store/steady-time.ts';
import type { Clock, OperationalLog } from '../pipeline/ports.ts';

/**
 * The time by which groups grow old: the earlier one of this machine's clock and Pushgateway's own,
 * each without its jumps forward. Pushgateway stamps the pushes, so that a clock here that is ahead
 * ends nothing, and neither does one there that stamps them too early.
 */
export interface ExpiryTime {
  /**
   * Looks at both clocks.
   * @param upstream - what that of Pushgateway shows, if its answer said so
   */
  look(upstream: number | undefined): void;
  /**
   * Milliseconds since the epoch.
   * @param holdMs - for so long after a jump forward the time before it counts
   */
  now(holdMs: number): number;
}

/** Clocks that differ by more are told of, once. */
const APART_MS = 60_000;

/** Creates the time of one Pushgateway. */
export function createExpiryTime(
  clock: Clock,
  log: Pick<OperationalLog, 'info' | 'warn'>,
): ExpiryTime {
  const here = createSteadyTime();
  const there = createSteadyTime();
  let wereApart = false;

  const note = (which: string, time: SteadyTime, shown: number): void => {
    const jump = time.note(shown, clock.monotonic());
    if (jump === 0) return;
    const effect =
      jump > 0
        ? 'until the longest group_ttl has passed, groups grow old by the time before the jump'
        : 'groups pushed to before the jump are kept until the clock is there again';
    log.warn('clock_jumped', { clock: which, seconds: Math.round(jump / 1000), effect });
  };

  return {
    look(upstream) {
      note('gateway', here, clock.now());
      if (upstream === undefined) return;
      note('pushgateway', there, upstream);
      const apart = upstream - clock.now();
      const areApart = Math.abs(apart) > APART_MS;
      if (areApart && !wereApart) {
        log.warn('clocks_differ', {
          pushgateway_ahead_seconds: Math.round(apart / 1000),
          effect: 'groups grow old by the clock that is behind',
        });
      }
      wereApart = areApart;
    },
    now(holdMs) {
      note('gateway', here, clock.now());
      const monotonic = clock.monotonic();
      const own = here.at(monotonic, holdMs) ?? clock.now();
      return Math.min(own, there.at(monotonic, holdMs) ?? own);
    },
  };
}
