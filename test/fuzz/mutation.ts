import type { Random } from './random.ts';

/** Bytes that mean something to a parser of either format, or break one. */
const BYTES = [
  0x00, 0x01, 0x08, 0x09, 0x0a, 0x0d, 0x12, 0x1a, 0x20, 0x22, 0x23, 0x2c, 0x2d, 0x30, 0x3d, 0x5c,
  0x5f, 0x61, 0x7b, 0x7d, 0x7f, 0x80, 0xc3, 0xef, 0xff,
] as const;

/** Changes a body in a few places: a byte another, gone or added, a stretch twice, the end cut. */
export function mutate(body: Uint8Array, random: Random): Uint8Array {
  let bytes = [...body];
  for (const change of random.many(1, 3, () => random.below(6))) {
    const at = random.below(bytes.length + 1);
    const byte = random.chance(70) ? random.pick(BYTES) : random.below(256);
    switch (change) {
      case 0:
        if (at < bytes.length) bytes[at] = byte;
        break;
      case 1:
        bytes.splice(at, 0, byte);
        break;
      case 2:
        bytes.splice(at, 1 + random.below(3));
        break;
      case 3:
        bytes.splice(at, 0, ...bytes.slice(at, at + random.below(40)));
        break;
      case 4:
        if (at < bytes.length) bytes[at] = (bytes[at] ?? 0) ^ (1 << random.below(8));
        break;
      default:
        if (random.chance(20)) bytes = bytes.slice(0, at);
    }
  }
  return Uint8Array.from(bytes);
}
