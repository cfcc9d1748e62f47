/**
 * What the clock of an upstream shows, on one of this machine that never jumps. Each thing that the
 * upstream has dated says a little: together they say it to some milliseconds.
 */
export interface UpstreamClock {
  /** An answer that came between these two moments has a date, in whole seconds. */
  noteDate(date: number, askedAt: number, answeredAt: number): void;
  /** What was begun at that moment was dated by the upstream, to the millisecond or better. */
  noteTime(time: number, begunAt: number): void;
  /** The most that it can have shown at that moment; infinite as long as nothing is known. */
  latest(at: number): number;
}

const DATE_MS = 1000;
/** Two clocks go apart by less than that, each millisecond. */
const DRIFT = 0.0005;

/** Creates what is known of the clock of one upstream; all times are milliseconds. */
export function createUpstreamClock(): UpstreamClock {
  /** By how much it is ahead, at least and at most. */
  let least = Number.NEGATIVE_INFINITY;
  let most = Number.POSITIVE_INFINITY;
  let notedAt = 0;

  return {
    noteDate(date, askedAt, answeredAt) {
      const drift = (answeredAt - notedAt) * DRIFT;
      notedAt = answeredAt;
      const low = date - answeredAt;
      const high = date + DATE_MS - askedAt;
      least = Math.max(least - drift, low);
      most = Math.min(most + drift, high);
      if (least <= most) return;
      least = low; // one of the clocks was set
      most = high;
    },
    noteTime(time, begunAt) {
      if (time - begunAt >= least) most = Math.min(most, time - begunAt);
    },
    latest: (at) => at + most,
  };
}
