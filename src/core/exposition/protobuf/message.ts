import {
  fail,
  readDouble,
  readExtent,
  readString,
  readVarint,
  readZigzag,
  type Wire,
} from './wire.ts';

/** How each scalar stands on the wire; a position is where a message lies that is read later. */
const SCALARS = {
  string: { wireType: 2, read: readString },
  double: { wireType: 1, read: readDouble },
  uint64: { wireType: 0, read: readVarint },
  sint64: { wireType: 0, read: readZigzag },
  position: { wireType: 2, read: readPosition },
} as const;

type ScalarType = keyof typeof SCALARS;
type FieldType = ScalarType | MessageType;

interface Field<T extends FieldType = FieldType, R extends boolean = boolean> {
  readonly number: number;
  readonly type: T;
  readonly repeated: R;
}

type Fields = Readonly<Record<string, Field>>;

/** A message type, ready to decode. */
export interface MessageType<F extends Fields = Fields> {
  /** By the tag that stands before their values. */
  readonly fields: readonly (TaggedField | undefined)[];
  /** The message that no byte encodes. */
  readonly empty: Decoded<F>;
}

interface TaggedField extends Field {
  readonly name: string;
  /** Whether the values stand in a row behind one tag. */
  readonly packed: boolean;
}

type ValueOf<T> = T extends 'string'
  ? string
  : T extends MessageType<infer F>
    ? Decoded<F>
    : number;

type Decoded<F extends Fields> = {
  readonly [K in keyof F]: F[K] extends Field<infer T, true>
    ? readonly ValueOf<T>[]
    : F[K] extends Field<infer T, false>
      ? ValueOf<T> | undefined
      : never;
};

/** What a message type decodes to: absent fields are undefined, absent repeated ones empty. */
export type MessageOf<M> = M extends MessageType<infer F> ? Decoded<F> : never;

/** A field that comes at most once. */
export function optional<T extends FieldType>(number: number, type: T): Field<T, false> {
  return { number, type, repeated: false };
}

/** A field that comes any number of times. */
export function repeated<T extends FieldType>(number: number, type: T): Field<T, true> {
  return { number, type, repeated: true };
}

const LENGTH_DELIMITED = 2;

/** Describes a message type by its fields. */
export function message<F extends Fields>(fields: F): MessageType<F> {
  const byTag: (TaggedField | undefined)[] = [];
  const empty: Record<string, unknown> = {};
  for (const [name, field] of Object.entries(fields)) {
    const wireType =
      typeof field.type === 'string' ? SCALARS[field.type].wireType : LENGTH_DELIMITED;
    byTag[field.number * 8 + wireType] = { ...field, name, packed: false };
    if (field.repeated && wireType !== LENGTH_DELIMITED) {
      byTag[field.number * 8 + LENGTH_DELIMITED] = { ...field, name, packed: true };
    }
    empty[name] = field.repeated ? [] : undefined;
  }
  return { fields: byTag, empty: empty as Decoded<F> }; // it has the keys of `fields`
}

/** The problem of a wire whose budget is spent. */
export const TOO_MANY_ELEMENTS = 'too many elements';

/**
 * Decodes a length and the message of that length, so strictly that no other decoder can take it
 * for another: no unknown field, no singular field twice, nothing cut off, nothing left over. When
 * it returns undefined, the wire says why.
 * @param end - where the bytes end that the message may be made of
 * @param budget - elements that its repeated fields may have in all
 */
export function decodeDelimited<F extends Fields>(
  wire: Wire,
  end: number,
  type: MessageType<F>,
  budget: number,
): Decoded<F> | undefined {
  wire.budget = budget;
  return readMessage(wire, end, type);
}

function readMessage<F extends Fields>(
  wire: Wire,
  end: number,
  type: MessageType<F>,
): Decoded<F> | undefined {
  const messageEnd = readExtent(wire, end);
  if (messageEnd === undefined) return undefined;
  const decoded: Record<string, unknown> = { ...type.empty };
  while (wire.at < messageEnd) {
    const tag = readVarint(wire, messageEnd);
    if (tag === undefined) return undefined;
    const field = type.fields[tag];
    if (field === undefined) return fail(wire, 'a field that is not known here');
    const isRead = field.packed
      ? readPacked(wire, messageEnd, field, decoded)
      : readValue(wire, messageEnd, field, decoded);
    if (!isRead) return undefined;
  }
  return decoded as Decoded<F>; // each value is what the field of its name holds
}

function readPacked(
  wire: Wire,
  end: number,
  field: TaggedField,
  decoded: Record<string, unknown>,
): boolean {
  const packEnd = readExtent(wire, end);
  if (packEnd === undefined) return false;
  while (wire.at < packEnd) {
    if (!readValue(wire, packEnd, field, decoded)) return false;
  }
  return true;
}

function readValue(
  wire: Wire,
  end: number,
  { name, type, repeated: isRepeated }: TaggedField,
  decoded: Record<string, unknown>,
): boolean {
  const value =
    typeof type === 'string' ? SCALARS[type].read(wire, end) : readMessage(wire, end, type);
  if (value === undefined) return false;
  const present = decoded[name];
  if (!isRepeated) {
    if (present !== undefined) fail(wire, `two values for ${name}`);
    decoded[name] = value;
    return present === undefined;
  }
  wire.budget -= 1;
  if (wire.budget < 0) fail(wire, TOO_MANY_ELEMENTS);
  else if (Array.isArray(present) && present.length > 0) present.push(value);
  else decoded[name] = [value];
  return wire.budget >= 0;
}

/** Passes over a message; the position of its length. */
function readPosition(wire: Wire, end: number): number | undefined {
  const position = wire.at;
  const messageEnd = readExtent(wire, end);
  if (messageEnd === undefined) return undefined;
  wire.at = messageEnd;
  return position;
}
