import { createHash, createPublicKey, type KeyObject, sign, verify } from 'node:crypto';
import type { CheckpointEvent } from '../core/audit/audit-record.ts';
import { canonicalJson } from '../core/audit/canonical-json.ts';

/** Records from one signed checkpoint to the next, at most. */
export const CHECKPOINT_RECORDS = 1024;

/** Where in the chain a checkpoint is to stand. */
interface CheckpointPlace {
  readonly seq: number;
  /** RFC 3339. */
  readonly time: string;
  /** Hash of the record before it. */
  readonly prev: string;
}

/** Makes the entry of a signed checkpoint for its place in the chain. */
export type CheckpointSigner = (place: CheckpointPlace) => string;

/** Tells whether a checkpoint was signed with the key in use. */
export type SignatureCheck = (checkpoint: Readonly<Record<string, unknown>>) => boolean;

/** Makes checkpoints that `privateKey`, an Ed25519 key, signs. */
export function createCheckpointSigner(privateKey: KeyObject, gateway?: string): CheckpointSigner {
  const key = fingerprint(createPublicKey(privateKey));
  return ({ seq, time, prev }) => {
    const named = gateway === undefined ? {} : { gateway };
    const event: Omit<CheckpointEvent, 'signature'> = { event: 'checkpoint', key, ...named };
    const statement = canonicalJson({ seq, time, ...event, prev });
    const signature = sign(null, Buffer.from(statement), privateKey).toString('base64');
    return JSON.stringify({ time, ...event, signature });
  };
}

/** Whether the record of a checkpoint was signed by the private half of `publicKey`. */
export function isSignedBy(
  publicKey: KeyObject,
  checkpoint: Readonly<Record<string, unknown>>,
): boolean {
  const { signature, hash, ...statement } = checkpoint;
  if (typeof signature !== 'string') return false;
  const bytes = Buffer.from(signature, 'base64');
  return verify(null, Buffer.from(canonicalJson(statement)), publicKey, bytes);
}

/** Makes a check that tells whether a record of a checkpoint was signed by `privateKey`. */
export function createSignatureCheck(privateKey: KeyObject): SignatureCheck {
  const publicKey = createPublicKey(privateKey);
  const own = fingerprint(publicKey);
  return (checkpoint) => checkpoint['key'] === own && isSignedBy(publicKey, checkpoint);
}

/** Names a public key: `sha256:` and the hash of its DER form. */
export function fingerprint(publicKey: KeyObject): string {
  const der = publicKey.export({ type: 'spki', format: 'der' });
  return `sha256:${createHash('sha256').update(der).digest('hex')}`;
}
