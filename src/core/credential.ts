/** A credential as the configuration describes it, secrets as hashes only. */
export type CredentialSpec = BasicSpec | TokenSpec;

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
