import type { OpenedSpool } from '../spool/open-spool.ts';
import { SYSTEM_CLOCK as clock } from './clock.ts';
import type { Current } from './current.ts';
import { isSpoolInUse } from './spool-side.ts';

export interface Lifetime {
  isReady(): boolean;
  /** Whether pushes are kept because the upstream is away. */
  isSpooling(): boolean;
  /** Whether connections end with their answer. */
  isClosing(): boolean;
  /** Whether a request that begins now could no longer be finished. */
  isOver(): boolean;
  end(drainTimeoutMs: number): void;
}

/**
 * While it drains, the gateway still serves what open connections bring, each a last time, until
 * too little is left of the drain time for the upstream to answer.
 */
export function createLifetime(
  current: Current,
  spool: OpenedSpool | undefined,
  isAuditRefusing: () => boolean,
): Lifetime {
  let lastArrival = Number.POSITIVE_INFINITY;
  const isClosing = (): boolean => lastArrival !== Number.POSITIVE_INFINITY;
  const isSpooling = (): boolean => isSpoolInUse(spool, current);
  const isUsable = (): boolean =>
    current.upstreamSides().some((side) => side.takesPushes()) || isSpooling();
  return {
    isClosing,
    isSpooling,
    isReady: () => !isClosing() && !isAuditRefusing() && isUsable(),
    isOver: () => clock.monotonic() > lastArrival,
    end(drainTimeoutMs) {
      const longest = Math.max(...current.upstreamSides().map(({ timeoutMs }) => timeoutMs));
      lastArrival = clock.monotonic() + drainTimeoutMs - longest;
    },
  };
}
