import { hash } from 'node:crypto';
import { decodeJwt, decodeProtectedHeader, errors, type JWTPayload, jwtVerify } from 'jose';
import { LRUCache } from 'lru-cache';
import type { IssuerSpec } from '../core/issuer.ts';
import { renderPrintable, renderQuoted } from '../core/printable.ts';
import type { Clock } from '../pipeline/ports.ts';
import type { Keys, KeySet } from './key-set.ts';

/** Somebody whose tokens are believed, and the keys that prove them. */
export interface Issuer {
  readonly spec: IssuerSpec;
  readonly keys: KeySet;
}

/** What became of a token, and the name of the issuer that it is of. */
export type Verdict =
  | { readonly outcome: 'valid' | 'expired'; readonly issuer: string; readonly claims: JWTPayload }
  | { readonly outcome: 'no_keys'; readonly issuer: string }
  | { readonly outcome: 'invalid'; readonly why: string };

/** Verifies tokens of the configured issuers. */
export interface JwtVerifier {
  /** Never rejects: whatever is wrong with a token makes it invalid. */
  verify(token: string): Promise<Verdict>;
}

/** A token that was valid, for as long as the keys that proved it are in use. */
interface Verified {
  readonly verdict: Verdict;
  readonly issuer: Issuer;
  readonly keys: Keys;
  /** Milliseconds since the epoch. */
  readonly until: number;
}

const TOLERANCE_SECONDS = 30;
const MAX_VERIFIED = 4096;
/** RFC 7519 section 3, signed: three parts, none of them empty. */
const TOKEN = /^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$/;
/** It goes into the audit log as it is. */
const SUBJECT = /^[ -~]{1,512}$/;
const SHOWN_BYTES = 120;

/** Whether text is meant as a JWT, by its form alone. */
export function isJwt(text: string): boolean {
  if (!TOKEN.test(text)) return false;
  try {
    decodeProtectedHeader(text);
    return true;
  } catch {
    return false;
  }
}

/**
 * Creates a verifier. Signatures are checked off the main thread; a token that was valid is
 * remembered by its digest until it expires or a key set changes.
 * @see RFC 8725
 */
export function createJwtVerifier(issuers: readonly Issuer[], clock: Clock): JwtVerifier {
  const byClaim = Map.groupBy(issuers, ({ spec }) => spec.issuer);
  const verified = new LRUCache<string, Verified>({ max: MAX_VERIFIED });

  const verifyAs = async (token: string, issuer: Issuer, keys: Keys): Promise<Verdict> => {
    const { name } = issuer.spec;
    try {
      const claims = await verifyToken(token, keys, issuer.spec, clock);
      return { outcome: 'valid', issuer: name, claims };
    } catch (error) {
      if (error instanceof errors.JWKSNoMatchingKey && namesKey(token)) {
        const more = await issuer.keys.loadBeyond(keys);
        if (more !== undefined && more !== keys) return verifyAs(token, issuer, more);
      }
      return error instanceof errors.JWTExpired
        ? { outcome: 'expired', issuer: name, claims: error.payload }
        : { outcome: 'invalid', why: `issuer ${name}: ${describe(error)}` };
    }
  };

  return {
    async verify(token) {
      const digest = hash('sha256', token);
      const known = verified.get(digest);
      if (known !== undefined && isStillGood(known, clock)) return known.verdict;
      const verdicts: Verdict[] = [];
      for (const issuer of byClaim.get(readIssuer(token) ?? '') ?? []) {
        const keys = issuer.keys.current() ?? (await issuer.keys.load());
        const verdict: Verdict =
          keys === undefined
            ? { outcome: 'no_keys', issuer: issuer.spec.name }
            : await verifyAs(token, issuer, keys);
        if (keys !== undefined && verdict.outcome === 'valid') {
        }
        verdicts.push(verdict);
      }
    },
  };
}
