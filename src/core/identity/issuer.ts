/** Signature algorithms that a token may have: public keys only, `none` and HMAC never. */
export const SIGNATURE_ALGORITHMS = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
  'Ed25519',
] as const;
type SignatureAlgorithm = (typeof SIGNATURE_ALGORITHMS)[number];

/** Somebody whose tokens are believed, as the configuration describes it. */
export interface IssuerSpec {
  readonly name: string;
  /** The `iss` of its tokens, compared exactly. */
  readonly issuer: string;
  /** The `aud` that a token must have, alone or in a list. */
  readonly audience: string;
  readonly algorithms: readonly SignatureAlgorithm[];
  /** The `typ` that a token must have; left out: any. */
  readonly typ?: string;
  /** Longest time from `iat` to `exp`. */
  readonly maxLifetimeMs: number;
  /** How long keys may be used after they were last loaded. */
  readonly maxStaleMs: number;
  readonly keys: KeySource;
}

/** Where the keys of an issuer come from. */
export type KeySource =
  | {
      readonly type: 'file';
      /** Text of a JSON Web Key Set. */
      readonly jwks: string;
    }
  | {
      readonly type: 'remote';
      /** Left out: found by discovery. */
      readonly jwksUri?: string;
      /** PEM certificates that the server's certificate must chain to. */
      readonly ca?: string;
      /** Path of a token to send, read anew for each request. */
      readonly bearerFile?: string;
    };
