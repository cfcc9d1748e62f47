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

/** Where the number of the request is: behind the length of the header. */
const REQUEST_AT = 4;
const HEADER_AT = REQUEST_AT + 8;
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

/** What JSON says of an operation: its lists of families apart. */
type Header = readonly [operation: Operation, lists: readonly (readonly FamilyRow[])[]];

/** An operation as bytes: a header in JSON, then the identities of all series. */
export function encodeOperation(operation: Operation): Uint8Array {
  const lists = listFamilies(operation);
  const rows = lists.map((families) => families.map(rowOf));
  const bare = lists.length === 0 ? operation : withFamilies(operation, []);
  const header = Buffer.from(JSON.stringify([bare, rows] satisfies Header));
  let count = 0;
  for (const families of lists) for (const { identities } of families) count += identities.length;
  const encoded = Buffer.allocUnsafe(HEADER_AT + header.length + count * IDENTITY_BYTES);
  encoded.writeUInt32LE(header.length, 0);
  encoded.writeDoubleLE(operation.request, REQUEST_AT);
  header.copy(encoded, HEADER_AT);
  let at = HEADER_AT + header.length;
  for (const families of lists) {
    for (const { identities } of families) {
      for (const half of identities) at = encoded.writeInt32LE(half | 0, at);
    }
  }
  return encoded;
}

function rowOf({ name, type, isTyped, series, bytes, identities }: FamilyContent): FamilyRow {
  return [name, type, isTyped, series, bytes, identities.length];
}

/** The number of the request alone, without what it costs to decode it. */
export function readRequest(data: Uint8Array): number {
  return bufferOf(data).readDoubleLE(REQUEST_AT);
}

/** An operation out of what `encodeOperation` made of it. */
export function decodeOperation(data: Uint8Array): Operation {
  const encoded = bufferOf(data);
  const end = HEADER_AT + encoded.readUInt32LE(0);
  const header = encoded.toString('utf8', HEADER_AT, end);
  const [operation, rows] = JSON.parse(header) as Header; // a gateway of this project wrote it
  if (rows.length === 0) return operation;
  let at = end;
  const familyOf = ([name, type, isTyped, series, bytes, length]: FamilyRow): FamilyContent => {
    const identities: number[] = [];
    for (let index = 0; index < length; index += 1, at += IDENTITY_BYTES) {
      identities.push(encoded.readInt32LE(at));
    }
    return { name, type, isTyped, series, bytes, identities };
  };
  return withFamilies(
    operation,
    rows.map((list) => list.map(familyOf)),
  );
}

function bufferOf({ buffer, byteOffset, byteLength }: Uint8Array): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength);
}

/** Every list of families in an operation, always in the same order. */
function listFamilies(operation: Operation): readonly (readonly FamilyContent[])[] {
  switch (operation.kind) {
    case 'claim':
      return [operation.push.content.families];
    case 'add':
      return operation.groups.map(({ families }) => families);
    case 'finish': {
      const { groups, own } = operation.contents;
      return [own, ...groups.map(({ families }) => families)];
    }
    default:
      return [];
  }
}

/** The operation with other lists; empty ones for those that are left out. */
function withFamilies(
  operation: Operation,
  lists: readonly (readonly FamilyContent[])[],
): Operation {
  const fill = (groups: readonly ReadGroup[], from: number): readonly ReadGroup[] =>
    groups.map((group, index) => ({ ...group, families: lists[from + index] ?? [] }));
  switch (operation.kind) {
    case 'claim': {
      const content = { families: lists[0] ?? [] };
      return { ...operation, push: { ...operation.push, content } };
    }
    case 'add':
      return { ...operation, groups: fill(operation.groups, 0) };
    case 'finish': {
      const { contents } = operation;
      const filled = { own: lists[0] ?? [], groups: fill(contents.groups, 1) };
      return { ...operation, contents: { ...contents, ...filled } };
    }
    default:
      return operation;
  }
}

/** The push of an operation, for the model. */
export function pushOf(
  { group, ...push }: SharedPush,
  passes: NonNullable<GroupPush['passes']>,
): GroupPush {
  return { ...push, target: { canonical: group, key: readPushTarget(group) }, passes };
}
