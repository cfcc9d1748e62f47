import { isDeepStrictEqual } from 'node:util';
import { createLocalJWKSet, type JWTVerifyGetKey } from 'jose';
import type { IssuerSpec } from '../core/identity/issuer.ts';
import { type Jwks, parseJwks } from '../core/identity/jwks.ts';
import type { Clock } from '../pipeline/ports.ts';
import { createIssuerClient, type IssuerClient } from './issuer-client.ts';

/** The keys of an issuer over time. */
export interface KeySet {
  /** The keys in use; undefined while none were ever loaded, or too long ago. */
  current(): Keys | undefined;
  /** The same after a load, if one is under way or due; for when there are none. */
  load(): Promise<Keys | undefined>;
  /** The keys in use when those `tried` lack the one that a token names: perhaps loaded anew. */
  loadBeyond(tried: Keys): Promise<Keys | undefined>;
  close(): Promise<void>;
}

/** Keys that belong together: the same object for as long as they are the same. */
export interface Keys {
  readonly jwks: Jwks;
  /** Finds the key that the header of a token asks for. */
  readonly find: JWTVerifyGetKey;
}

interface RemoteKeySetOptions {
  readonly client: IssuerClient;
  /** How long keys may be used after they were last loaded. */
  readonly maxStaleMs: number;
  readonly clock: Clock;
  readonly observer: KeySetObserver;
}

/** Told how every load ended. */
export interface KeySetObserver {
  loaded(): void;
  failed(error: unknown): void;
}

/** How often the keys are loaded anew, needed or not: a key that the issuer withdrew must go. */
const REFRESH_MS = 5 * 60_000;
/** Least time between two loads for tokens whose key is not known; anybody can send those. */
const UNKNOWN_KEY_PAUSE_MS = 10_000;
/** Time between two loads while there are no keys, and how often the refresh is looked at. */
const RETRY_MS = 5000;
/** Time after a refresh that failed while there are keys. */
const FAILED_REFRESH_PAUSE_MS = 30_000;

/** Opens the key set of an issuer, wherever its keys come from. */
export function openKeySet(spec: IssuerSpec, clock: Clock, observer: KeySetObserver): KeySet {
  const { issuer, keys: source, maxStaleMs } = spec;
  if (source.type === 'file') return createFixedKeySet(source.jwks);
  const client = createIssuerClient({ issuer, source });
  return openRemoteKeySet({ client, maxStaleMs, clock, observer });
}

/** A set of keys that was read with the configuration. */
export function createFixedKeySet(jwks: string): KeySet {
  const keys = compileKeys(parseJwks(jwks));
  return {
    current: () => keys,
    load: async () => keys,
    loadBeyond: async () => keys,
    close: async () => {},
  };
}

/**
 * Keeps the keys of an issuer: loads them at once and now and then, one load at a time. A load that
 * fails, or brings nonsense, leaves the last good ones in use until they are too old; a key that is
 * known is never waited for.
 */
export function openRemoteKeySet(options: RemoteKeySetOptions): KeySet {
  const { client, maxStaleMs, clock, observer } = options;
  let keys: Keys | undefined;
  let loadedAt = Number.NEGATIVE_INFINITY;
  let triedAt = Number.NEGATIVE_INFINITY;
  let soughtAt = Number.NEGATIVE_INFINITY;
  let running: Promise<void> | undefined;
  let isClosed = false;

  const since = (time: number): number => clock.monotonic() - time;
  const current = (): Keys | undefined => (since(loadedAt) <= maxStaleMs ? keys : undefined);
  const reload = async (): Promise<void> => {
    try {
      const jwks = await client.load();
      if (!isDeepStrictEqual(jwks, keys?.jwks)) keys = compileKeys(jwks);
      loadedAt = clock.monotonic();
      observer.loaded();
    } catch (error) {
      if (!isClosed) observer.failed(error);
    } finally {
      triedAt = clock.monotonic();
      running = undefined;
    }
  };
  const loadIf = async (isDue: boolean): Promise<Keys | undefined> => {
    if (isDue && !isClosed) running ??= reload();
    await running;
    return current();
  };
  const refresh = (): Promise<Keys | undefined> =>
    current() === undefined
      ? loadIf(since(triedAt) >= RETRY_MS)
      : loadIf(since(loadedAt) >= REFRESH_MS && since(triedAt) >= FAILED_REFRESH_PAUSE_MS);

  void refresh(); // a load never rejects
  const timer = setInterval(() => void refresh(), RETRY_MS);
  timer.unref();
  return {
    current,
    load: refresh,
    async loadBeyond(tried) {
      if (current() !== tried) return current();
      const isDue = since(soughtAt) >= UNKNOWN_KEY_PAUSE_MS;
      if (isDue) soughtAt = clock.monotonic();
      return loadIf(isDue);
    },
    async close() {
      isClosed = true;
      clearInterval(timer);
      await client.close();
    },
  };
}

function compileKeys(jwks: Jwks): Keys {
  return { jwks, find: createLocalJWKSet({ keys: [...jwks.keys] }) };
}
