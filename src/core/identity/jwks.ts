import { GatewayError } from '../errors.ts';
import { isObject, parseObject } from '../json.ts';

/** A public key. */
interface PublicJwk {
  readonly kty: string;
  readonly [member: string]: unknown;
}

/** The keys of an issuer that can verify a signature; at least one. */
export interface Jwks {
  readonly keys: readonly PublicJwk[];
}

const PUBLIC_KEY_TYPES = new Set(['RSA', 'EC', 'OKP']);

/**
 * Reads a JSON Web Key Set and keeps the public keys that are for signatures. What else is in it,
 * secret and private keys above all, is left out.
 * @throws GatewayError ERR_JWKS_INVALID when it is no set, or has no such key
 * @see RFC 7517 section 5
 */
export function parseJwks(text: string): Jwks {
  const set = parseObject(text);
  const keys = set?.['keys'];
  if (!Array.isArray(keys)) throw invalid('not a JSON Web Key Set: no list "keys"');
  const usable = keys.filter(isVerifyingKey);
  if (usable.length === 0) throw invalid('no public key for signatures is in it');
  return { keys: usable };
}

/** Whether a key set has a key that can sign, or any other that nobody but its owner may know. */
export function hasSecretKey(text: string): boolean {
  const keys = parseObject(text)?.['keys'];
  if (!Array.isArray(keys)) return false;
  return keys.some((key) => isObject(key) && (key['d'] !== undefined || key['k'] !== undefined));
}

function isVerifyingKey(value: unknown): value is PublicJwk {
  if (!isObject(value)) return false;
  const { kty, use, d } = value;
  if (typeof kty !== 'string' || !PUBLIC_KEY_TYPES.has(kty)) return false;
  return d === undefined && (use === undefined || use === 'sig');
}

function invalid(message: string): GatewayError {
  return new GatewayError('ERR_JWKS_INVALID', message);
}
