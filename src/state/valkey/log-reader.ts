import { setTimeout as delay } from 'node:timers/promises';
import type { LogEntry } from '../../pipeline/shared-state.ts';
import { unpackOperations } from './packed-operations.ts';
import { createClient, type ValkeyOptions } from './valkey.ts';

/** An entry of the log. */
export interface LogPosition {
  readonly count: number;
  /** As the stream numbers it. */
  readonly id: string;
}

interface LogReaderOptions {
  readonly options: ValkeyOptions;
  readonly key: string;
  /** The first that is read. */
  readonly from: LogPosition;
  /** The next one comes when it resolves. */
  readonly take: (entry: LogEntry) => Promise<void>;
  /** Told of each that was taken wholly. */
  readonly taken: (count: number) => void;
  readonly signal: AbortSignal;
}

const BLOCK_MS = 1000;
const AT_ONCE = 200;
const RETRY_MS = 50;
/** An answer comes after the time to block at the latest. */
const SILENCE_MS = BLOCK_MS + 2000;

/**
 * Reads a log over a connection of its own until the signal comes. Rejects when an entry is missing,
 * as when the server has forgotten some.
 */
export async function readLog(reading: LogReaderOptions): Promise<void> {
  const { options, key, from, signal } = reading;
  const redis = createClient({ ...options, timeoutMs: undefined, silenceMs: SILENCE_MS });
  redis.on('error', () => undefined); // who writes tells the operator
  signal.addEventListener('abort', () => redis.disconnect());
  try {
    await redis.connect().catch(() => undefined);
    let at: LogPosition = { count: from.count, id: before(from.id) };
    while (!signal.aborted) {
      const command = ['COUNT', AT_ONCE, 'BLOCK', BLOCK_MS, 'STREAMS', key, at.id];
      const answer = await redis.callBuffer('XREAD', command).catch(() => undefined);
      if (answer === undefined) await delay(RETRY_MS, undefined, { ref: false });
      at = await takeAll(parseEntries(answer), at, reading);
    }
  } finally {
    redis.disconnect();
  }
}

/**
 * @param at - the count of the next entry, and behind which id it is
 * @returns the same for what comes after these
 */
async function takeAll(
  all: readonly NumberedEntry[],
  at: LogPosition,
  { take, taken, signal }: LogReaderOptions,
): Promise<LogPosition> {
  let next = at;
  for (const { id, count, entries } of all) {
    if (count !== next.count) throw new Error(`entry ${next.count} of the log is missing`);
    for (const entry of entries) if (!signal.aborted) await take(entry);
    if (signal.aborted) break;
    taken(count);
    next = { count: count + 1, id };
  }
  return next;
}

/** What comes before an entry: a stream is read from behind an id. */
function before(id: string): string {
  const [time = '0', number = '0'] = id.split('-');
  const isFirst = number === '0';
  return isFirst ? `${BigInt(time) - 1n}-18446744073709551615` : `${time}-${BigInt(number) - 1n}`;
}

interface NumberedEntry {
  readonly id: string;
  readonly count: number;
  /** Operations that came together are one entry of the stream. */
  readonly entries: readonly LogEntry[];
}

/** Out of `[[KEY, [[ID, [FIELD, VALUE, …]], …]]]`, or null where nothing came in time. */
function parseEntries(answer: unknown): readonly NumberedEntry[] {
  const [stream] = (answer ?? []) as [Buffer, [Buffer, Buffer[]][]][]; // as Valkey documents it
  return (stream?.[1] ?? []).map(([id, fields]) => {
    // As the scripts write them, each value behind its name.
    const [, count, , kind, , name, , members, , data] = fields;
    const member = String(name);
    const entries: readonly LogEntry[] =
      String(kind) === 'operation'
        ? unpackOperations(data ?? EMPTY).map((one) => ({ kind: 'operation', member, data: one }))
        : [
            {
              kind: String(kind) === 'joined' ? 'joined' : 'ended',
              member,
              members: Number(members),
            },
          ];
    return { id: String(id), count: Number(count), entries };
  });
}

const EMPTY = Buffer.alloc(0);
