import { createHash } from 'node:crypto';
import { Redis } from 'ioredis';
import { GatewayError } from '../../core/errors.ts';
import type { OperationalLog } from '../../pipeline/ports.ts';

/** A Lua script, known to the server by its digest. */
export interface Script {
  readonly lua: string;
  readonly sha1: string;
}

/** One argument of a script. */
type Argument = string | number | Uint8Array;

/** A connection to Valkey or Redis, version 7 or newer. */
export interface Valkey extends AsyncDisposable {
  /**
   * Runs a script: one round trip.
   * @param keys - as `key` gives them
   * @returns what the script returns, texts as bytes
   * @throws GatewayError ERR_STATE_UNAVAILABLE when there is no answer in time, or a refusal
   */
  run(script: Script, keys: readonly string[], args: readonly Argument[]): Promise<unknown>;
  /** The full name of a key: all of them are in one slot of a cluster. */
  key(name: string): string;
}

export interface ValkeyOptions {
  /** `redis://HOST:PORT/DB`, `rediss://` for TLS. */
  readonly url: string;
  readonly username?: string;
  readonly password?: string;
  /** Of who signed its certificate, PEM. */
  readonly ca?: string;
  readonly log: OperationalLog;
  /** Milliseconds in which a command is answered, or it counts as refused. */
  readonly timeoutMs?: number | undefined;
  /** Milliseconds in which something comes while an answer is owed, or the connection is given up. */
  readonly silenceMs?: number;
}

const TIMEOUT_MS = 2000;
const LONGEST_RETRY_MS = 500;
/** One slot for all: what is in braces alone tells it. */
const PREFIX = '{pushwarden}:';

/** In a script: the time by the server, the same for all gateways, in ms since the epoch. */
export const NOW = `local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)`;

export function createScript(lua: string): Script {
  return { lua, sha1: createHash('sha1').update(lua).digest('hex') };
}

/** Connects, and again whenever the connection breaks; resolves at the first answer or failure. */
export async function openValkey(options: ValkeyOptions): Promise<Valkey> {
  const redis = createClient({ timeoutMs: TIMEOUT_MS, ...options });
  const presence = watchPresence(redis, options.log);
  await redis.connect().catch(() => undefined);
  /** Scripts that the server was given over this connection. */
  const given = new Set<string>();
  for (const event of ['ready', 'close']) redis.on(event, () => given.clear());
  const evaluate = async (
    { lua, sha1 }: Script,
    keys: readonly string[],
    args: readonly Argument[],
  ) => {
    const asked = [keys.length, ...keys, ...args.map(toArgument)];
    const isGiven = given.has(sha1);
    given.add(sha1);
    // What is asked by digest before that is known is asked twice, and overtaken by what comes later.
    if (!isGiven) return await redis.callBuffer('EVAL', [lua, ...asked]);
    try {
      return await redis.callBuffer('EVALSHA', [sha1, ...asked]);
    } catch (error) {
      if (!String(error).includes('NOSCRIPT')) throw error;
      return await redis.callBuffer('EVAL', [lua, ...asked]);
    }
  };
  return {
    async run(script, keys, args) {
      try {
        const answer = await evaluate(script, keys, args);
        presence.noteAnswer();
        return answer;
      } catch (cause) {
        presence.noteFailure(cause);
        throw new GatewayError('ERR_STATE_UNAVAILABLE', 'the shared state does not answer', {
          cause,
        });
      }
    },
    key: (name) => PREFIX + name,
    async [Symbol.asyncDispose]() {
      redis.disconnect();
    },
  };
}

/** @param options - without a time limit a command may take as long as it likes */
export function createClient(options: ValkeyOptions): Redis {
  const { url, username, password, ca, timeoutMs, silenceMs = TIMEOUT_MS } = options;
  return new Redis(url, {
    lazyConnect: true,
    protocol: 2,
    ...(timeoutMs !== undefined && { commandTimeout: timeoutMs }),
    connectTimeout: timeoutMs ?? TIMEOUT_MS,
    // The kernel would go on with a connection into nowhere for a quarter of an hour.
    socketTimeout: silenceMs,
    // What cannot be asked now is refused now: the client comes again.
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    autoResendUnfulfilledCommands: false,
    retryStrategy: (times) => Math.min(50 * times, LONGEST_RETRY_MS),
    connectionName: 'pushwarden',
    ...(username !== undefined && { username }),
    ...(password !== undefined && { password }),
    ...(ca !== undefined && { tls: { ca } }),
  });
}

function toArgument(value: Argument): string | number | Buffer {
  if (!(value instanceof Uint8Array)) return value;
  return Buffer.from(value.buffer, value.byteOffset, value.byteLength);
}

/**
 * Tells the operator once when it goes away, and once when it is back; once more why, where it was
 * no more than a connection that ended.
 */
function watchPresence(redis: Redis, log: OperationalLog) {
  let known: 'there' | 'away' | 'why' = 'there';
  const noteFailure = (error: unknown): void => {
    const isLost = error instanceof Error && error.message.startsWith(NOT_CONNECTED);
    if (known === 'why' || (known === 'away' && isLost)) return;
    known = isLost ? 'away' : 'why';
    log.error('state_away', { error: isLost ? 'the connection has ended' : describe(error) });
  };
  const noteAnswer = (): void => {
    if (known !== 'there') log.info('state_back');
    known = 'there';
  };
  redis.on('error', noteFailure).on('ready', noteAnswer);
  return { noteFailure, noteAnswer };
}

/** What ioredis says of a command that it does not keep until there is a connection again. */
const NOT_CONNECTED = "Stream isn't writeable";

/** Without what was asked: that may hold what is nobody's business. */
function describe(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}`.slice(0, 200) : 'unknown';
}
