import { parseIpAddress, renderNetwork } from '../network/ip-address.ts';
import type { AggregateEvent, DecisionEvent } from './audit-record.ts';

/** Records of their own that one source gets per second for one reason. */
const RECORDS_PER_SECOND = 10;
const BOUNDS: FloodBounds = { totalPerSecond: 1000, maxSources: 1000 };
/** Milliseconds after which a flood that goes on is reported all the same. */
const REPORT_AFTER_MS = 10_000;
const SECOND_MS = 1000;

export interface FloodBounds {
  /** Records of their own over all sources and reasons. */
  readonly totalPerSecond: number;
  /**
   * Sources and reasons told apart at once; of what comes beyond as many networks of addresses are,
   * and the rest is counted by reason alone.
   */
  readonly maxSources: number;
}

/** Decides which refusals, or reads, get a record of their own, and counts the others exactly. */
export interface RefusalFlood {
  /**
   * False: it was counted and will be part of an aggregate.
   * @param now milliseconds since the epoch
   */
  admits(decision: DecisionEvent, now: number): boolean;
  /**
   * Takes the aggregates of floods that have ended or have gone on for ten seconds; with
   * `Infinity` for `now`, all of them.
   */
  collect(now: number): readonly AggregateEvent[];
}

type Source = Pick<
  AggregateEvent,
  'reason' | 'team' | 'credential' | 'scheme' | 'client_ip' | 'client_network'
>;

interface Flood {
  readonly source: Source;
  readonly admitted: Window;
  counted: Counted | undefined;
}

/** How many came in the second that began at `since`. */
interface Window {
  since: number;
  count: number;
}

interface Counted {
  count: number;
  readonly since: number;
  until: number;
}

/**
 * Keeps refusals, and reads that take no credential, from filling the disk: ten records a second for
 * each credential, or address where there is none, and reason; a thousand in all; bounded memory, whatever comes.
 */
export function createRefusalFlood({ totalPerSecond, maxSources } = BOUNDS): RefusalFlood {
  const floods = new Map<string, Flood>();
  const total: Window = { since: 0, count: 0 };

  function find(decision: DecisionEvent): Flood {
    const source = identify(decision);
    const { reason } = source;
    const known = floods.get(keyOf(source));
    if (known !== undefined) return known;
    if (floods.size < maxSources) return add(source);
    const wider = widen(source);
    const network = floods.get(keyOf(wider));
    if (network !== undefined) return network;
    const hasRoom = floods.size < 2 * maxSources;
    return hasRoom ? add(wider) : (floods.get(reason) ?? add({ reason }));
  }

  function add(source: Source): Flood {
    const flood = { source, admitted: { since: 0, count: 0 }, counted: undefined };
    floods.set(keyOf(source), flood);
    return flood;
  }

  return {
    admits(decision, now) {
      const flood = find(decision);
      const isQuiet = countIn(flood.admitted, now) <= RECORDS_PER_SECOND;
      if (isQuiet && countIn(total, now) <= totalPerSecond) return true;
      flood.counted ??= { count: 0, since: now, until: now };
      flood.counted.count += 1;
      flood.counted.until = now;
      return false;
    },
    collect(now) {
      const aggregates: AggregateEvent[] = [];
      for (const [key, flood] of floods) {
        const { admitted, counted } = flood;
        const isOver = now - (counted?.until ?? admitted.since) >= SECOND_MS;
        if (counted && (isOver || now - counted.since >= REPORT_AFTER_MS)) {
          aggregates.push(render(flood.source, counted));
          flood.counted = undefined;
        }
        if (isOver) floods.delete(key);
      }
      return aggregates;
    },
  };
}

/** All who have no credential share a name, and are told apart by their addresses. */
function identify(decision: DecisionEvent): Source {
  const { reason, team, credential, scheme, client_ip, peer_ip } = decision;
  const isKnown = team !== undefined && credential !== undefined;
  const source = { reason, client_ip: client_ip ?? peer_ip };
  if (!isKnown) return source;
  return scheme === 'none' ? { ...source, team, credential, scheme } : { reason, team, credential };
}

/** The network of 24 or 64 bits that an address is in: what one attacker is likely to have. */
function widen(source: Source): Source {
  const { client_ip: text, ...rest } = source;
  const address = text === undefined ? undefined : parseIpAddress(text);
  if (address === undefined) return source;
  return { ...rest, client_network: renderNetwork(address) };
}

function keyOf({ reason, team, credential, client_ip, client_network }: Source): string {
  return [reason, team, credential, client_ip ?? client_network]
    .filter((part) => part !== undefined)
    .join('\n');
}

/** Counts one more in the second of `now`; a clock that was set back begins a new one. */
function countIn(window: Window, now: number): number {
  if (now - window.since >= SECOND_MS || now < window.since) {
    window.since = now;
    window.count = 0;
  }
  window.count += 1;
  return window.count;
}

function render(source: Source, { count, since, until }: Counted): AggregateEvent {
  return {
    event: 'aggregate',
    ...source,
    count,
    since: new Date(since).toISOString(),
    until: new Date(until).toISOString(),
  };
}
