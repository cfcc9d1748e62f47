import { randomUUID } from 'node:crypto';
import { GatewayError } from '../../core/errors.ts';
import type {
  LogEntry,
  LogFollower,
  LogMembership,
  StoreLog,
} from '../../pipeline/shared-state.ts';
import { createAnswerWatch } from './answer-watch.ts';
import { type LogPosition, readLog } from './log-reader.ts';
import { packOperations } from './packed-operations.ts';
import { createTurnBatch } from './turn-batch.ts';
import { createScript, NOW, openValkey, type Valkey, type ValkeyOptions } from './valkey.ts';

/** A member that says nothing for so long has ended, and what it had under way with it. */
const LEASE_MS = 6000;
/** How often it says something, and so hears whether it could. */
const RENEWAL_MS = 500;
/** How long entries are kept: a member that is further behind has ended long since. */
const KEPT_MS = 30_000;
/** Operations that are one entry. */
const MOST_AT_ONCE = 100;

/**
 * What all scripts begin with. The log is a stream; entries are counted, so that none can be missed.
 * Whoever writes ends the members that say nothing any more.
 */
const COMMON = `
local log, members, epoch, counter = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
${NOW}
local function write(kind, member, data)
  local left = redis.call('ZCARD', members)
  local count = redis.call('INCR', counter)
  local id = redis.call('XADD', log, 'MINID', '~', now - ${KEPT_MS}, '*',
    'n', count, 'k', kind, 'm', member, 's', left, 'd', data)
  return { tostring(count), id }
end
local function reap()
  for _, member in ipairs(redis.call('ZRANGEBYSCORE', members, '-inf', now)) do
    redis.call('ZREM', members, member)
    write('ended', member, '')
  end
end
`;

/** A server that has lost everything begins a new epoch: nobody is a member of that. */
const JOIN = createScript(`${COMMON}
if redis.call('EXISTS', epoch) == 0 then
  redis.call('DEL', log, members, counter)
  redis.call('SET', epoch, ARGV[3])
end
reap()
redis.call('ZADD', members, now + ARGV[2], ARGV[1])
local written = write('joined', ARGV[1], '')
return { redis.call('GET', epoch), written[1], written[2] }`);

/** Writes, or only says that it is there; 0 for who is no member, or knows more than the server. */
const APPEND = createScript(`${COMMON}
if redis.call('GET', epoch) ~= ARGV[3] then return 0 end
if tonumber(redis.call('GET', counter) or '0') < tonumber(ARGV[4]) then return 0 end
reap()
if not redis.call('ZSCORE', members, ARGV[1]) then return 0 end
redis.call('ZADD', members, now + ARGV[2], ARGV[1])
if ARGV[5] ~= '' then write('operation', ARGV[1], ARGV[5]) end
return 1`);

const LEAVE = createScript(`${COMMON}
if redis.call('ZREM', members, ARGV[1]) == 1 then write('ended', ARGV[1], '') end`);

interface StoreLogOptions extends ValkeyOptions {
  /** Each store has a log of its own. */
  readonly name: string;
  readonly leaseMs?: number;
}

/** The log of a store, kept by Valkey. */
export function openValkeyStoreLog(options: StoreLogOptions): StoreLog & AsyncDisposable {
  const opening = openValkey(options);
  const leaseMs = options.leaseMs ?? LEASE_MS;
  return {
    async join() {
      const valkey = await opening;
      const keys = ['log', 'members', 'epoch', 'count'].map((key) =>
        valkey.key(`store:${options.name}:${key}`),
      );
      const member = randomUUID();
      const askedAt = performance.now();
      const answer = await valkey.run(JOIN, keys, [member, leaseMs, randomUUID()]);
      const [epoch = '', count = '', id = ''] = (answer as Buffer[]).map(String); // as the script returns
      const joined = { epoch, position: { count: Number(count), id }, askedAt };
      return new Membership({ valkey, options, keys, member, leaseMs }, joined);
    },
    async [Symbol.asyncDispose]() {
      await (await opening)[Symbol.asyncDispose]();
    },
  };
}

interface MembershipOptions {
  readonly valkey: Valkey;
  readonly options: ValkeyOptions;
  readonly keys: readonly string[];
  readonly member: string;
  readonly leaseMs: number;
}

/** An operation on its way into the log. */
interface Appended {
  readonly data: Uint8Array;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

interface Joined {
  readonly epoch: string;
  /** Of its own joining. */
  readonly position: LogPosition;
  readonly askedAt: number;
}

class Membership implements LogMembership {
  readonly member: string;
  readonly #options: MembershipOptions;
  readonly #joined: Joined;
  readonly #over = new AbortController();
  readonly #answers = createAnswerWatch();
  readonly #timer: NodeJS.Timeout;
  /** The newest entry that was taken. */
  #seen: number;
  /** When it was asked for, on the monotonic clock. */
  #renewedAt: number;
  #follower: LogFollower | undefined;
  readonly #batch = createTurnBatch<Appended>(MOST_AT_ONCE, (items) => void this.#send(items));

  constructor(options: MembershipOptions, joined: Joined) {
    this.member = options.member;
    this.#options = options;
    this.#joined = joined;
    this.#seen = joined.position.count;
    this.#renewedAt = joined.askedAt;
    this.#timer = setInterval(() => void this.#renew(), Math.min(RENEWAL_MS, options.leaseMs / 5));
    this.#timer.unref();
  }

  follow(follower: LogFollower): void {
    this.#follower = follower;
    const { options, keys } = this.#options;
    const [log = ''] = keys;
    const { signal } = this.#over;
    const take = (entry: LogEntry): Promise<void> => follower.take(entry);
    const taken = (count: number): void => {
      this.#seen = count;
    };
    const { position: from } = this.#joined;
    const reading = readLog({ options, key: log, from, take, taken, signal });
    reading.catch(() => undefined).finally(() => this.#end());
  }

  append(data: Uint8Array): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#batch.add({ data, resolve, reject });
    });
  }

  /** It counts the time from when it asked: the server's begins later. */
  isCurrent(): boolean {
    const { leaseMs } = this.#options;
    return !this.#over.signal.aborted && performance.now() - this.#renewedAt < 0.8 * leaseMs;
  }

  isWritable(): boolean {
    return this.isCurrent() && this.#answers.isSound();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const { valkey, keys } = this.#options;
    this.#end();
    await valkey.run(LEAVE, keys, [this.member]).catch(() => undefined);
  }

  async #renew(): Promise<void> {
    await this.#write('').catch(() => undefined);
    if (!this.isCurrent()) this.#end();
  }

  /** All of them or none. */
  async #send(items: readonly Appended[]): Promise<void> {
    try {
      await this.#write(packOperations(items.map(({ data }) => data)));
      for (const { resolve } of items) resolve();
    } catch (error) {
      for (const { reject } of items) reject(error);
    }
  }

  async #write(data: Uint8Array | ''): Promise<void> {
    const { valkey, keys, leaseMs } = this.#options;
    const askedAt = performance.now();
    const { epoch } = this.#joined;
    const asked = [this.member, leaseMs, epoch, this.#seen, data];
    if (Number(await this.#answers.hear(valkey.run(APPEND, keys, asked))) === 1) {
      this.#renewedAt = Math.max(this.#renewedAt, askedAt);
      return;
    }
    this.#end();
    throw new GatewayError('ERR_STATE_UNAVAILABLE', 'the gateway is no member any more');
  }

  #end(): void {
    if (this.#over.signal.aborted) return;
    this.#over.abort();
    clearInterval(this.#timer);
    this.#follower?.lost();
  }
}
