import { decodeProtectedHeader, errors, type JWTPayload, jwtVerify } from 'jose';
import type { IssuerSpec } from '../core/identity/issuer.ts';
import { describeJwtFailure } from './jwt-failure.ts';
import type { Keys } from './key-set.ts';

/** What became of a token. */
export type Verdict =
  | { readonly outcome: 'valid' | 'expired'; readonly issuer: string; readonly claims: JWTPayload }
  | {
      readonly outcome: 'invalid';
      readonly why: string;
      /** The token names a key, and the issuer has none of that name, as far as is known. */
      readonly isKeyUnknown?: boolean;
      /** Only when a key of the issuer proved them: something else is wrong. */
      readonly claims?: JWTPayload;
    }
  | { readonly outcome: 'no_keys'; readonly issuer: string }
  | { readonly outcome: 'busy' };

/** Signatures that a token may still be held against, whoever has the keys. */
export interface Tries {
  left: number;
}

/** Seconds that a clock may be off. */
export const CLOCK_TOLERANCE = 30;

/** RFC 7519 section 3, signed: three parts, none of them empty. */
const TOKEN = /^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$/;
const REQUIRED_CLAIMS = ['iss', 'aud', 'sub', 'iat', 'exp'];
/** It goes into the audit log as it is. */
const SUBJECT = /^[ -~]{1,512}$/;
/** Issuers have few keys at once, and each is a signature to verify for whoever sends a token. */
const MAX_TRIED_KEYS = 8;
/** The same for all issuers that are called the same. */
const MAX_TRIED = 16;

/** What a token has before it is held against the first key. */
export function countTries(): Tries {
  return { left: MAX_TRIED };
}

/** Whether text is meant as a JWT, by its form alone. */
export function isJwt(text: string): boolean {
  return TOKEN.test(text) && readHeader(text) !== undefined;
}

/**
 * Verifies a token against the keys of an issuer and holds its registered claims against what is
 * asked of that issuer's tokens. The signature is checked off the main thread. Never rejects:
 * whatever jose throws at a hostile token makes it invalid.
 * @param now - milliseconds since the epoch
 * @param tries - counted down for each signature
 * @see RFC 8725
 */
export async function verifyJwt(
  token: string,
  keys: Keys,
  spec: IssuerSpec,
  now: number,
  tries: Tries = countTries(),
): Promise<Verdict> {
  try {
    const claims = await verifyWithAny(token, keys, tries, {
      algorithms: [...spec.algorithms],
      issuer: spec.issuer,
      audience: spec.audience,
      ...(spec.typ !== undefined && { typ: spec.typ }),
      requiredClaims: REQUIRED_CLAIMS,
      clockTolerance: CLOCK_TOLERANCE,
      maxTokenAge: spec.maxLifetimeMs / 1000,
      currentDate: new Date(now),
    });
    return judgeClaims('valid', claims, spec);
  } catch (error) {
    if (error instanceof errors.JWTExpired) return judgeClaims('expired', error.payload, spec);
    const header = readHeader(token);
    const isKeyUnknown =
      error instanceof errors.JWKSNoMatchingKey && typeof header?.kid === 'string';
    const why = `issuer ${spec.name}: ${describeJwtFailure(error, header, spec)}`;
    const isProved = error instanceof errors.JWTClaimValidationFailed;
    return { outcome: 'invalid', why, isKeyUnknown, ...(isProved && { claims: error.payload }) };
  }
}

/** A token that does not tell one key from the others is tried with each of the first that fit. */
async function verifyWithAny(
  token: string,
  { find }: Keys,
  tries: Tries,
  options: Parameters<typeof jwtVerify>[2],
): Promise<JWTPayload> {
  const findOnce: Keys['find'] = async (...header) => {
    const key = await find(...header);
    takeOne(tries);
    return key;
  };
  try {
    return (await jwtVerify(token, findOnce, options)).payload;
  } catch (error) {
    if (!(error instanceof errors.JWKSMultipleMatchingKeys)) throw error;
    let tried = 0;
    for await (const key of error) {
      if (tried === MAX_TRIED_KEYS) break;
      tried += 1;
      takeOne(tries);
      try {
        return (await jwtVerify(token, key, options)).payload;
      } catch (mismatch) {
        if (!isOfKey(mismatch)) throw mismatch;
      }
    }
    throw new errors.JWSSignatureVerificationFailed();
  }
}

function takeOne(tries: Tries): void {
  if (tries.left === 0) throw new errors.JWSSignatureVerificationFailed();
  tries.left -= 1;
}

/** Whether another key may do better: this one did not sign the token, or is of no use at all. */
function isOfKey(error: unknown): boolean {
  const isOfToken = error instanceof errors.JOSEError;
  return !isOfToken || error instanceof errors.JWSSignatureVerificationFailed;
}

function judgeClaims(outcome: 'valid' | 'expired', claims: JWTPayload, spec: IssuerSpec): Verdict {
  const why = checkClaims(claims, spec);
  return why === undefined
    ? { outcome, issuer: spec.name, claims }
    : { outcome: 'invalid', why: `issuer ${spec.name}: ${why}`, claims };
}

function checkClaims({ sub, iat, exp }: JWTPayload, spec: IssuerSpec): string | undefined {
  if (typeof sub !== 'string' || !SUBJECT.test(sub)) {
    return '"sub" is not 1 to 512 printable ASCII characters';
  }
  // Both were found to be numbers when their dates were checked.
  const lifetimeMs = (Number(exp) - Number(iat)) * 1000;
  if (lifetimeMs <= spec.maxLifetimeMs) return undefined;
  return `it lives ${lifetimeMs / 1000} s, longer than max_lifetime`;
}

function readHeader(token: string) {
  try {
    return decodeProtectedHeader(token);
  } catch {
    return undefined;
  }
}
