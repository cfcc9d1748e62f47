import { randomUUID } from 'node:crypto';
import type { Entry, TeamTurnstile, Turn, Turnstile } from '../../pipeline/shared-state.ts';
import { createPlaces } from '../places.ts';
import { createTurnBatch } from './turn-batch.ts';
import { EARLY, ENTER, ENTERED, FULL, LEAVE, RENEW } from './turnstile-scripts.ts';
import type { Valkey } from './valkey.ts';

/** A gateway that says nothing for so long has ended: its places come free. */
const LEASE_MS = 6000;
const RENEW_MS = 1500;
/** How often a push asks again when other gateways have all places. */
const RETRY_MS = 50;
const BURST_WINDOW_MS = 60_000;
/** Pushes that ask together, and places that are given back together. */
const MOST_AT_ONCE = 200;

/** Counts for all gateways, exactly: rate and place are one script. */
export interface ValkeyTurnstile extends Turnstile, AsyncDisposable {}

/** @param leaseMs - how long the places of a gateway that says nothing last */
export function createValkeyTurnstile(valkey: Valkey, leaseMs = LEASE_MS): ValkeyTurnstile {
  const gateway = randomUUID();
  const gateways = valkey.key('turnstile');
  const teams = new Map<string, TeamTurnstile & { giveBack(): Promise<void> }>();
  const renew = async (): Promise<void> => {
    await valkey
      .run(RENEW, [gateways, `${gateways}:ends`], [gateway, leaseMs])
      .catch(() => undefined);
    for (const team of teams.values()) await team.giveBack();
  };
  const timer = setInterval(() => void renew(), Math.min(RENEW_MS, leaseMs / 4));
  timer.unref();
  return {
    team(name) {
      const known = teams.get(name) ?? createTeam(valkey, { name, gateway, gateways, leaseMs });
      teams.set(name, known);
      return known;
    },
    async [Symbol.asyncDispose]() {
      clearInterval(timer);
      for (const team of teams.values()) await team.giveBack();
    },
  };
}

interface TeamOptions {
  readonly name: string;
  readonly gateway: string;
  readonly gateways: string;
  readonly leaseMs: number;
}

/** A push that asks to be let in. */
interface Asking {
  readonly turn: Turn;
  readonly place: string;
  readonly resolve: (entry: Entry) => void;
  readonly reject: (error: unknown) => void;
}

function createTeam(valkey: Valkey, { name, gateway, gateways, leaseMs }: TeamOptions) {
  const places = createPlaces();
  const placesKey = valkey.key(`places:${name}`);
  const common = [placesKey, gateways, `${gateways}:ends`, `${gateways}:seen`];
  /** Places to be given back: of pushes that ended, and those of which nobody knows. */
  const returned: string[] = [];
  let last = 0;

  const giveBack = async (): Promise<void> => {
    const giving = returned.splice(0, MOST_AT_ONCE);
    if (giving.length === 0) return;
    await valkey.run(LEAVE, [placesKey], giving).catch(() => returned.push(...giving));
  };

  const entryOf = ({ place, turn: { source } }: Asking, kind: number, waitMs: number): Entry => {
    if (kind === ENTERED) {
      const leave = (): void => {
        places.giveBack(source);
        returned.push(place);
        batch.add('leave');
      };
      return { kind: 'entered', leave };
    }
    places.giveBack(source);
    return kind === EARLY ? { kind: 'early', waitMs } : { kind: 'full', retryMs: RETRY_MS };
  };

  /** Places that are given back go along. */
  const ask = async (limits: Turn['limits'], asking: readonly Asking[]): Promise<void> => {
    const { rate, burst, concurrent } = limits;
    const rateKey = valkey.key(`rate:${rate.count}:${rate.perMs}:${burst}:${name}`);
    const window = Math.max(rate.perMs, BURST_WINDOW_MS);
    const terms = [gateway, leaseMs, name, concurrent, rate.count, rate.perMs, burst, window];
    const giving = returned.splice(0, MOST_AT_ONCE);
    const turns = asking.flatMap(({ place, turn: { source, ignoresRate } }) => {
      return [place, source, ignoresRate ? 1 : 0];
    });
    try {
      const keys = [...common, rateKey, `${rateKey}:burst`];
      const asked = [...terms, giving.length, ...giving, ...turns];
      const ends = (await valkey.run(ENTER, keys, asked)) as number[]; // as the script returns
      for (const [index, one] of asking.entries()) {
        one.resolve(entryOf(one, ends[2 * index] ?? FULL, ends[2 * index + 1] ?? 0));
      }
    } catch (error) {
      returned.push(...giving, ...asking.map(({ place }) => place)); // they may have been taken
      for (const { turn, reject } of asking) {
        places.giveBack(turn.source);
        reject(error);
      }
    }
  };

  const batch = createTurnBatch<Asking | 'leave'>(MOST_AT_ONCE, (items) => {
    const asking = items.filter((item) => item !== 'leave');
    for (const [limits, alike] of Map.groupBy(asking, ({ turn }) => turn.limits)) {
      void ask(limits, alike);
    }
    void giveBack();
  });

  return {
    get sources() {
      return places.sources;
    },
    has: places.has,
    isFull: places.isFull,
    giveBack,
    enter: async (turn: Turn): Promise<Entry> => {
      const { source, limits } = turn;
      if (places.isFull(source, limits.concurrent)) return { kind: 'full', retryMs: RETRY_MS };
      places.take(source);
      last += 1;
      const place = `${gateway}/${last}`;
      return await new Promise((resolve, reject) => {
        batch.add({ turn, place, resolve, reject });
      });
    },
  };
}
