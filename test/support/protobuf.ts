/** Just enough of a protobuf encoder to write what a strict decoder has to judge. */

/** A varint, of a negative number in its ten bytes of two's complement. */
export function varint(value: number | bigint): Buffer {
  let rest = BigInt.asUintN(64, BigInt(value));
  const bytes: number[] = [];
  do {
    const more = rest > 0x7fn;
    bytes.push(Number(rest & 0x7fn) | (more ? 0x80 : 0));
    rest >>= 7n;
  } while (rest > 0n);
  return Buffer.from(bytes);
}

/** A field of wire type 0. */
export function integer(field: number, value: number | bigint): Buffer {
  return Buffer.concat([varint(field * 8), varint(value)]);
}

/** A field of wire type 0 in zigzag form. */
export function signed(field: number, value: number): Buffer {
  return integer(field, value < 0 ? -value * 2 - 1 : value * 2);
}

/** A field of wire type 1. */
export function double(field: number, value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleLE(value);
  return Buffer.concat([varint(field * 8 + 1), bytes]);
}

/** A field of wire type 2: bytes, text, a message by its fields, or packed scalars. */
export function delimited(field: number, ...content: readonly (Buffer | string)[]): Buffer {
  return Buffer.concat([varint(field * 8 + 2), prefixed(...content)]);
}

/** Content behind its length, as messages follow each other in a body. */
export function prefixed(...content: readonly (Buffer | string)[]): Buffer {
  const bytes = Buffer.concat(content.map((part) => Buffer.from(part)));
  return Buffer.concat([varint(bytes.length), bytes]);
}
