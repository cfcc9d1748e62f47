import type { FamilyContent, PushedFamily } from '../../exposition/push-content.ts';
import { readPushTarget } from '../../target/grouping-key.ts';
import type { GroupId } from '../group.ts';
import type { GroupPush, PushEnd, ReadGroup, StoreContents } from '../group-store.ts';
import type { OwnershipTerm } from '../ownership.ts';

/**
 * What one gateway does to the model that it shares. All gateways take all operations in the same
 * order, and so have the same model at the same operation: each decides for itself, and all alike.
 */
export type Operation = OperationBody & {
  /** Counted by its gateway; never twice the same. */
  readonly request: number;
};

export type OperationBody =
  | { readonly kind: 'claim'; readonly push: SharedPush }
  | { readonly kind: 'delete'; readonly group: GroupId }
  /** A deletion by the gateway itself, which is possible only while nothing is on its way. */
  | { readonly kind: 'remove'; readonly group: GroupId }
  | { readonly kind: 'settle'; readonly claim: number; readonly end: PushEnd }
  | { readonly kind: 'read' }
  | { readonly kind: 'add'; readonly reading: number; readonly groups: readonly ReadGroup[] }
  | { readonly kind: 'restart' | 'stop'; readonly reading: number }
  | { readonly kind: 'finish'; readonly reading: number; readonly contents: StoreContents }
  | { readonly kind: 'owners'; readonly terms: readonly OwnershipTerm[] }
  /**
   * The model begins anew, of a store of which nothing is known: somebody has joined, and nothing is
   * under way. It counts for the one that joined last alone.
   */
  | {
      readonly kind: 'fresh';
      readonly joined: string;
      readonly terms: readonly OwnershipTerm[];
    };

/** A push as far as it matters to the model. */
export interface SharedPush extends Omit<GroupPush, 'passes' | 'target'> {
  readonly group: GroupId;
}

/** Bytes before the header: its length. */
const LENGTH_BYTES = 4;
const IDENTITY_BYTES = 4;

/** A family as the header has it; its identities follow the header, in the order of the families. */
type FamilyRow = readonly [
  name: string,
  type: PushedFamily['type'],
  isTyped: boolean,
  series: number,
  bytes: number,
  identities: number,
];

/** An operation as bytes: a header in JSON, then the identities of all series. */
export function encodeOperation(operation: Operation): Uint8Array {
  const identities: (readonly number[])[] = [];
  const rowOf = ({ name, type, isTyped, series, bytes, identities: own }: FamilyContent) => {
    identities.push(own);
    return [name, type, isTyped, series, bytes, own.length] satisfies FamilyRow;
  };
  const header = Buffer.from(
    JSON.stringify(operation, (key, value) =>
      isFamilies<FamilyContent>(key, value) ? value.map(rowOf) : value,
    ),
  );
  const count = identities.reduce((sum, { length }) => sum + length, 0);
  const encoded = Buffer.allocUnsafe(LENGTH_BYTES + header.length + count * IDENTITY_BYTES);
  encoded.writeUInt32LE(header.length, 0);
  header.copy(encoded, LENGTH_BYTES);
  let at = LENGTH_BYTES + header.length;
  for (const own of identities) {
    for (const half of own) {
      encoded.writeInt32LE(half | 0, at);
      at += IDENTITY_BYTES;
    }
  }
  return encoded;
}

/** Families, or the rows that stand for them. */
function isFamilies<Family>(key: string, value: unknown): value is readonly Family[] {
  return (key === 'families' || key === 'own') && Array.isArray(value);
}

/** An operation out of what `encodeOperation` made of it. */
export function decodeOperation(data: Uint8Array): Operation {
  const encoded = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  const end = LENGTH_BYTES + encoded.readUInt32LE(0);
  let at = end;
  const familyOf = ([name, type, isTyped, series, bytes, length]: FamilyRow): FamilyContent => {
    const identities = Array.from({ length }, (_, index) =>
      encoded.readInt32LE(at + index * IDENTITY_BYTES),
    );
    at += length * IDENTITY_BYTES;
    return { name, type, isTyped, series, bytes, identities };
  };
  const header = encoded.toString('utf8', LENGTH_BYTES, end);
  return JSON.parse(header, (key, value) =>
    isFamilies<FamilyRow>(key, value) ? value.map(familyOf) : value,
  ) as Operation; // a gateway of this project wrote it
}

/** The push of an operation, for the model. */
export function pushOf(
  { group, ...push }: SharedPush,
  passes: NonNullable<GroupPush['passes']>,
): GroupPush {
  return { ...push, target: { canonical: group, key: readPushTarget(group) }, passes };
}
