import { MALFORMED, readDouble, readExtent, readUtf8, readVarint, type Wire } from './protobuf-wire.ts';

/** What one field holds. A `position` is a message that is left where it is, for later. */
type ScalarType = 'string' | 'double' | 'uint64' | 'uint32' | 'sint64' | 'sint32' | 'position';

interface Field<T extends ScalarType | MessageType = ScalarType | MessageType> {
  readonly number: number;
  readonly type: T;
  readonly repeated: boolean;
}

interface Singular<T extends ScalarType | MessageType> extends Field<T> {
  readonly repeated: false;
}

interface Repeated<T extends ScalarType | MessageType> extends Field<T> {
  readonly repeated: true;
}

type Fields = Readonly<Record<string, Field>>;

/** A message type: its fields by the tag that stands before them. */
export interface MessageType<F extends Fields = Fields> {
  readonly fields: F;
  readonly byTag: readonly (TaggedField | undefined)[];
  /** A message without any field. */
  readonly empty: Decoded<F>;
}

interface TaggedField extends Field {
  readonly name: string;
  /** Several scalars in one stretch of bytes. */
  readonly packed: boolean;
}

type ValueOf<T> = T extends 'string' ? string : T extends MessageType<infer F> ? Decoded<F> : number;

/** A decoded message: absent fields are undefined, absent repeated ones empty. */
export type Decoded<F extends Fields> = {
  readonly [K in keyof F]: F[K] extends Repeated<infer T>
    ? readonly ValueOf<T>[]
    : F[K] extends Singular<infer T>
      ? ValueOf<T> | undefined
      : never;
};

/** The decoded form of a message type. */
export type MessageOf<M> = M extends MessageType<infer F> ? Decoded<F> : never;

/** A field that may come once. */
export function one<T extends ScalarType | MessageType>(number: number, type: T): Singular<T> {
  return { number, type, repeated: false };
}

/** A field that may come any number of times. */
export function many<T extends ScalarType | MessageType>(number: number, type: T): Repeated<T> {
  return { number, type, repeated: true };
}
