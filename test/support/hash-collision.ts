/**
 * Makes label values that give a series the hash of another one. XXH64 can be undone word by word:
 * what eight aligned bytes must be, so that the hash comes out as wished, follows from the bytes
 * before and behind them. Some thousand tries give eight that are printable.
 */

const MASK = (1n << 64n) - 1n;
const P1 = 0x9e3779b185ebca87n;
const P2 = 0xc2b2ae3d27d4eb4fn;
const P3 = 0x165667b19e3779f9n;
const P4 = 0x85ebca77c2b2ae63n;
const P5 = 0x27d4eb2f165667c5n;
const WORD = 8;
const STRIPE = 32;

const multiply = (a: bigint, b: bigint): bigint => (a * b) & MASK;
const rotate = (value: bigint, count: bigint): bigint =>
  ((value << count) | (value >> (64n - count))) & MASK;
const INVERSES = new Map([P1, P2, P3, P5].map((prime) => [prime, invert(prime)]));
const divide = (a: bigint, prime: bigint): bigint => multiply(a, INVERSES.get(prime) ?? 0n);

/** The inverse of an odd number modulo 2^64. */
function invert(value: bigint): bigint {
  let inverse = value;
  for (let bits = 3; bits < 64; bits *= 2) inverse = multiply(inverse, 2n - value * inverse);
  return inverse & MASK;
}

const round = (accumulator: bigint, word: bigint): bigint =>
  multiply(rotate((accumulator + word * P2) & MASK, 31n), P1);

/** The hash before its last avalanche, over the bytes before a word of the tail. */
function hashBefore(bytes: Buffer, at: number): bigint {
  const { length } = bytes;
  let hash = P5;
  let position = 0;
  if (length >= STRIPE) {
    const lanes = [(P1 + P2) & MASK, P2, 0n, -P1 & MASK];
    for (; position + STRIPE <= length; position += STRIPE) {
      for (const [index, lane] of lanes.entries()) {
        lanes[index] = round(lane, bytes.readBigUInt64LE(position + index * WORD));
      }
    }
    const [a = 0n, b = 0n, c = 0n, d = 0n] = lanes;
    hash = (rotate(a, 1n) + rotate(b, 7n) + rotate(c, 12n) + rotate(d, 18n)) & MASK;
    for (const lane of lanes) hash = (multiply(hash ^ round(0n, lane), P1) + P4) & MASK;
  }
  hash = (hash + BigInt(length)) & MASK;
  for (; position < at; position += WORD) {
    hash = mixWord(hash, bytes.readBigUInt64LE(position));
  }
  return hash;
}

const mixWord = (hash: bigint, word: bigint): bigint =>
  (multiply(rotate(hash ^ round(0n, word), 27n), P1) + P4) & MASK;

/** XXH64 with seed 0. */
function xxh64(bytes: Buffer): bigint {
  const tail = bytes.length - (bytes.length % WORD);
  let hash = hashBefore(bytes, tail);
  let at = tail;
  if (at + 4 <= bytes.length) {
    const word = multiply(BigInt(bytes.readUInt32LE(at)), P1);
    hash = (multiply(rotate(hash ^ word, 23n), P2) + P3) & MASK;
    at += 4;
  }
  for (; at < bytes.length; at += 1) {
    hash = multiply(rotate(hash ^ multiply(BigInt(bytes[at] ?? 0), P5), 11n), P1);
  }
  hash = multiply(hash ^ (hash >> 33n), P2);
  hash = multiply(hash ^ (hash >> 29n), P3);
  return hash ^ (hash >> 32n);
}

/** The word before a last single byte that gives a wished hash. */
function findWord(hash: bigint, before: bigint, last: number): bigint {
  let value = hash ^ (hash >> 32n);
  value = divide(value, P3);
  value = value ^ (value >> 29n) ^ (value >> 58n);
  value = divide(value, P2);
  value = value ^ (value >> 33n);
  value = rotate(divide(value, P1), 53n) ^ multiply(BigInt(last), P5);
  value = rotate(divide((value - P4) & MASK, P1), 37n) ^ before;
  return divide(rotate(divide(value, P1), 33n), P2);
}

type Labels = Readonly<Record<string, string>>;

/** A series as Pushgateway hashes it. */
function encode(name: string, labels: Labels): Buffer {
  const pairs = Object.entries(labels).toSorted(([a], [b]) => (a < b ? -1 : 1));
  const parts = [name, ...pairs.flat()].flatMap((text) => [Buffer.from(text), Buffer.of(0xff)]);
  return Buffer.concat(parts);
}

/** XXH64 of a series, all of its labels given, `instance=""` among them. */
export function seriesHash(name: string, labels: Labels): bigint {
  return xxh64(encode(name, labels));
}

/**
 * The value that a label `zz` must have, so that `name` with `labels` has the hash of another
 * series.
 * @param labels - all others, the grouping key's and the instance among them
 */
export function collidingValue(hash: bigint, name: string, labels: Labels): string {
  const prefix = encode(name, labels).length + 'zz'.length + 1;
  const [aligned = 0] = [0, 1, 2, 3, 4, 5, 6, 7]
    .map((n) => 8 + n)
    .filter((n) => (prefix + n) % 8 === 0);
  const inTail = (prefix + aligned) % STRIPE === 24 ? aligned + 8 : aligned;
  for (let attempt = 0; ; attempt += 1) {
    const pad = attempt.toString(36).padStart(inTail, 'x');
    const bytes = encode(name, { ...labels, zz: `${pad}........` });
    const at = prefix + inTail;
    const word = findWord(hash, hashBefore(bytes, at), 0xff);
    bytes.writeBigUInt64LE(word, at);
    const free = bytes.subarray(at, at + WORD);
    if (free.every((byte) => byte >= 0x20 && byte < 0x7f && byte !== 0x22 && byte !== 0x5c)) {
      return pad + free.toString('latin1');
    }
  }
}
