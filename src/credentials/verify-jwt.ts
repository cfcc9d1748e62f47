import { decodeProtectedHeader, errors, type JWTPayload, jwtVerify } from 'jose';
import type { IssuerSpec } from '../core/identity/issuer.ts';
import { renderPrintable } from '../core/printable.ts';
import type { Keys } from './key-set.ts';

/** What became of a token; the claims of one that is invalid were proved by nobody. */
export type Verdict =
  | { readonly outcome: 'valid' | 'expired'; readonly issuer: string; readonly claims: JWTPayload }
  | {
      readonly outcome: 'invalid';
      readonly why: string;
      /** The token names a key, and the issuer has none of that name, as far as is known. */
      readonly isKeyUnknown?: boolean;
    }
  | { readonly outcome: 'no_keys'; readonly issuer: string };

/** Seconds that a clock may be off. */
export const CLOCK_TOLERANCE = 30;

/** RFC 7519 section 3, signed: three parts, none of them empty. */
const TOKEN = /^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$/;
const REQUIRED_CLAIMS = ['iss', 'aud', 'sub', 'iat', 'exp'];
/** It goes into the audit log as it is. */
const SUBJECT = /^[ -~]{1,512}$/;
const SHOWN_BYTES = 120;

/** Whether text is meant as a JWT, by its form alone. */
export function isJwt(text: string): boolean {
  return TOKEN.test(text) && readHeader(text) !== undefined;
}

/**
 * Verifies a token against the keys of an issuer and holds its registered claims against what is
 * asked of that issuer's tokens. The signature is checked off the main thread. Never rejects:
 * whatever jose throws at a hostile token makes it invalid.
 * @param now - milliseconds since the epoch
 * @see RFC 8725
 */
export async function verifyJwt(
  token: string,
  keys: Keys,
  spec: IssuerSpec,
  now: number,
): Promise<Verdict> {
  const { name: issuer } = spec;
  try {
    const claims = await verifyWithAny(token, keys, {
      algorithms: [...spec.algorithms],
      issuer: spec.issuer,
      audience: spec.audience,
      ...(spec.typ !== undefined && { typ: spec.typ }),
      requiredClaims: REQUIRED_CLAIMS,
      clockTolerance: CLOCK_TOLERANCE,
      maxTokenAge: spec.maxLifetimeMs / 1000,
      currentDate: new Date(now),
    });
    const why = checkClaims(claims, spec);
    return why === undefined
      ? { outcome: 'valid', issuer, claims }
      : { outcome: 'invalid', why: `issuer ${issuer}: ${why}` };
  } catch (error) {
    if (error instanceof errors.JWTExpired) {
      return { outcome: 'expired', issuer, claims: error.payload };
    }
    const isKeyUnknown =
      error instanceof errors.JWKSNoMatchingKey && typeof readHeader(token)?.kid === 'string';
    return { outcome: 'invalid', why: `issuer ${issuer}: ${describe(error)}`, isKeyUnknown };
  }
}

/** A token that names no key is tried with each that fits its algorithm. */
async function verifyWithAny(
  token: string,
  { find }: Keys,
  options: Parameters<typeof jwtVerify>[2],
): Promise<JWTPayload> {
  try {
    return (await jwtVerify(token, find, options)).payload;
  } catch (error) {
    if (!(error instanceof errors.JWKSMultipleMatchingKeys)) throw error;
    for await (const key of error) {
      try {
        return (await jwtVerify(token, key, options)).payload;
      } catch (mismatch) {
        if (!(mismatch instanceof errors.JWSSignatureVerificationFailed)) throw mismatch;
      }
    }
    throw new errors.JWSSignatureVerificationFailed();
  }
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

function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (!(error instanceof errors.JWTClaimValidationFailed)) return error.message;
  const value = JSON.stringify(error.payload[error.claim]) ?? 'missing';
  return `${error.message}, it is ${renderPrintable(value, SHOWN_BYTES)}`;
}
