import { createLocalJWKSet, type JWTVerifyGetKey } from 'jose';
import { isDeepStrictEqual } from 'node:util';
import type { IssuerSpec } from '../core/issuer.ts';
import { type Jwks, parseJwks } from '../core/jwks.ts';
import type { Clock } from '../pipeline/ports.ts';

/** One load of an issuer's keys; the same object as long as they are the same. */
export interface Keys {
  readonly jwks: Jwks;
  /** Finds the key that a token's header asks for. */
  readonly find: JWTVerifyGetKey;
}

/** The keys of an issuer over time. */
export interface KeySet {
  /** The keys in use; undefined when none were ever loaded, or too long ago. */
  current(): Keys | undefined;
  /** The same, after a load that is under way or due; to be asked when there are none. */
  load(): Promise<Keys | undefined>;
  /** The keys to try for a token whose key is not among `tried`: loaded anew, or the same. */
  loadBeyond(tried: Keys): Promise<Keys | undefined>;
  close(): Promise<void>;
}
