import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
} from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { GatewayError } from '../core/errors.ts';
import { kindOf } from '../core/file-kind.ts';

export interface SigningKeyPair {
  /** PKCS #8, PEM: the gateway's alone. */
  readonly privateKey: string;
  /** SPKI, PEM: for whoever verifies. */
  readonly publicKey: string;
}

/** Makes a fresh Ed25519 key pair. */
export function generateSigningKey(): SigningKeyPair {
  return generateKeyPairSync('ed25519', {
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  });
}

/** Reads the key that signs checkpoints; throws ERR_SECRET_UNREADABLE. */
export function readSigningKey(path: string): KeyObject {
  return readKey(path, createPrivateKey);
}

/** Reads a public key, from its own file or that of the private key; ERR_SECRET_UNREADABLE. */
export function readVerifyingKey(path: string): KeyObject {
  return readKey(path, createPublicKey);
}

function readKey(path: string, parse: (pem: Buffer) => KeyObject): KeyObject {
  let key: KeyObject;
  try {
    const kind = kindOf(statSync(path));
    if (kind !== 'file' && kind !== 'directory') throw new Error(`it is a ${kind}`);
    key = parse(readFileSync(path));
  } catch (cause) {
    const found = cause instanceof Error ? cause.message : String(cause);
    throw new GatewayError('ERR_SECRET_UNREADABLE', `cannot read the key ${path}: ${found}`, {
      cause,
    });
  }
  if (key.asymmetricKeyType === 'ed25519') return key;
  throw new GatewayError(
    'ERR_SECRET_UNREADABLE',
    `${path} is not an Ed25519 key: make one with "pushwarden audit keygen"`,
  );
}
