import { setTimeout as delay } from 'node:timers/promises';
import type { LogEntry } from '../../pipeline/shared-state.ts';
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
  readonly take: (entry: LogEntry, count: number) => Promise<void>;
  readonly signal: AbortSignal;
}

const BLOCK_MS = 1000;
const AT_ONCE = 200;
const RETRY_MS = 50;

/**
 * Reads a log over a connection of its own until the signal comes. Rejects when an entry is missing,
 * as when the server has forgotten some.
 */
export async function readLog({
  options,
  key,
  from,
  take,
  signal,
}: LogReaderOptions): Promise<void> {
  const redis = createClient({ ...options, timeoutMs: undefined });
  redis.on('error', () => undefined); // who writes tells the operator
  signal.addEventListener('abort', () => redis.disconnect());
  try {
    await redis.connect().catch(() => undefined);
    let next = from.count;
    let last = before(from.id);
    while (!signal.aborted) {
      const command = ['COUNT', AT_ONCE, 'BLOCK', BLOCK_MS, 'STREAMS', key, last];
      const answer = await redis.callBuffer('XREAD', command).catch(() => undefined);
      if (answer === undefined) await delay(RETRY_MS, undefined, { ref: false });
      for (const { id, count, entry } of parseEntries(answer)) {
        if (signal.aborted) return;
        if (count !== next) throw new Error(`entry ${next} of the log is missing`);
        await take(entry, count);
        next += 1;
        last = id;
      }
    }
  } finally {
    redis.disconnect();
  }
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
  readonly entry: LogEntry;
}

/** Out of `[[KEY, [[ID, [FIELD, VALUE, …]], …]]]`, or null where nothing came in time. */
function parseEntries(answer: unknown): readonly NumberedEntry[] {
  const [stream] = (answer ?? []) as [Buffer, [Buffer, Buffer[]][]][]; // as Valkey documents it
  return (stream?.[1] ?? []).map(([id, fields]) => {
    const values = new Map<string, Buffer>();
    for (let at = 0; at + 1 < fields.length; at += 2) {
      values.set(String(fields[at]), fields[at + 1] ?? Buffer.alloc(0));
    }
    const text = (name: string): string => String(values.get(name) ?? '');
    const kind = text('k') as LogEntry['kind']; // as the scripts write it
    const member = text('m');
    const entry: LogEntry =
      kind === 'operation'
        ? { kind, member, data: values.get('d') ?? Buffer.alloc(0) }
        : { kind, member, members: Number(text('s')) };
    return { id: String(id), count: Number(text('n')), entry };
  });
}
