import type { IncomingMessage } from 'node:http';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { createFairQueue } from '../core/fair-queue.ts';
import { type IpAddress, renderSource } from '../core/network/ip-address.ts';

/** Keeps refusals from taking the process: whoever is refused often waits for the next. */
export interface RefusalPace {
  /**
   * Resolves when a refusal may be written, the sources in turns: at once as long as there are few.
   * @param source - a client, or a team
   * @param weight - what this one costs, as a multiple of a plain refusal
   */
  turn(source: string, weight?: number): Promise<unknown>;
}

/** A refusal takes some tenths of a millisecond; all of them together some tenth of a core. */
const PER_SECOND = 500;
/** Of probes, which take less: one behind as many as there are connections is answered in time. */
const PROBES_PER_SECOND = 2000;
/** Of a request whose body is still on its way: what comes of it is read, to be thrown away. */
const UPLOAD_WEIGHT = 5;
/** Refusals that come at once and are not slowed down. */
const BURST = 100;
/** Of these, what is written before everything else has its turn of the event loop. */
const PER_TURN = 4;
/** Refusals that wait, each with its connection; those beyond are written at once. */
const MAX_WAITING = 4000;

/** Whether a body is still on its way. A request without one is not complete before its head is handled. */
export function isUpload({ complete, headers }: IncomingMessage): boolean {
  if (complete) return false;
  const { 'transfer-encoding': coding, 'content-length': length = '0' } = headers;
  return coding !== undefined || Number(length) > 0;
}

/** What a refusal of a request costs. */
export function weigh(req: IncomingMessage): number {
  return isUpload(req) ? UPLOAD_WEIGHT : 1;
}

/** Whom a refusal of an unknown caller counts for: as much of a client as one has at its command. */
export function sourceOf(client: IpAddress | undefined, peerAddress: string | undefined): string {
  return client === undefined ? String(peerAddress) : renderSource(client);
}

/** The paces of one server. Who is unknown can come from anywhere, and keeps nobody else waiting. */
export interface RefusalPaces {
  readonly unknown: RefusalPace;
  readonly teams: RefusalPace;
  readonly probes: RefusalPace;
}

export function createRefusalPaces(): RefusalPaces {
  return {
    unknown: createRefusalPace(),
    teams: createRefusalPace(),
    probes: createRefusalPace(PROBES_PER_SECOND),
  };
}

/** Creates the pace of one kind of callers. */
export function createRefusalPace(perSecond = PER_SECOND): RefusalPace {
  const queue = createFairQueue({ parallel: 1, maxWaiting: MAX_WAITING });
  let tokens = BURST;
  let countedAt = performance.now();
  let inTurn = 0;

  const giveWay = async (): Promise<void> => {
    while (inTurn >= PER_TURN) await nextTurn();
    if (inTurn === 0) {
      setImmediate(() => {
        inTurn = 0;
      });
    }
    inTurn += 1;
  };

  const takeTokens = async (weight: number): Promise<void> => {
    const now = performance.now();
    tokens = Math.min(BURST, tokens + ((now - countedAt) * perSecond) / 1000) - weight;
    countedAt = now;
    if (tokens >= 0) return giveWay();
    await new Promise((resolve) => setTimeout(resolve, (-tokens * 1000) / perSecond));
  };
  return { turn: (source, weight = 1) => queue.run(source, () => takeTokens(weight)) };
}
