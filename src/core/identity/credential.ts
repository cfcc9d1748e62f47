import type { ClaimCondition } from './claim-condition.ts';

/** A credential as the configuration describes it, secrets as hashes only. */
export type CredentialSpec = BasicSpec | HtpasswdSpec | TokenSpec | JwtSpec | CertificateSpec;

interface CredentialBase {
  /** Unique within its team; the audit record names it. */
  readonly name: string;
  /** Milliseconds since the epoch from which on it is refused. */
  readonly expires?: number;
}

export interface BasicSpec extends CredentialBase {
  readonly type: 'basic';
  readonly username: string;
  /** `$2a$`, `$2b$` or `$2y$` bcrypt, or an argon2id PHC string. */
  readonly passwordHash: string;
}

export interface TokenSpec extends CredentialBase {
  readonly type: 'token';
  /** SHA-256 of the token, 64 lower-case hexadecimal digits. */
  readonly sha256: string;
}

/** All users of a file are the team, each a subject of its own. */
export interface HtpasswdSpec extends CredentialBase {
  readonly type: 'htpasswd';
  readonly users: readonly HtpasswdUser[];
}

export interface HtpasswdUser {
  readonly username: string;
  /** As for basic, or `$apr1$` or `{SHA}`. */
  readonly passwordHash: string;
}

export interface JwtSpec extends CredentialBase {
  readonly type: 'jwt';
  /** Name of the issuer in the configuration. */
  readonly issuer: string;
  /** At least one; all must hold. */
  readonly claims: readonly ClaimCondition[];
}

/** By name or by fingerprint, or by both. */
export interface CertificateSpec extends CredentialBase {
  readonly type: 'certificate';
  /** Glob on a subject alternative name, DNS or URI. */
  readonly san?: string;
  /** SHA-256 of the certificate in DER, 64 lower-case hexadecimal digits. */
  readonly fingerprint?: string;
}
