/**
 * XXH64 with seed 0, in pairs of 32-bit halves: numbers of 64 bits would be allocated one by one.
 * @see https://github.com/Cyan4973/xxHash/blob/dev/doc/xxhash_spec.md
 */

const P1 = 0x9e3779b1 | 0;
const P1_LOW = 0x85ebca87 | 0;
const P2 = 0xc2b2ae3d | 0;
const P2_LOW = 0x27d4eb4f | 0;
const P3 = 0x165667b1 | 0;
const P3_LOW = 0x9e3779f9 | 0;
const P4 = 0x85ebca77 | 0;
const P4_LOW = 0xc2b2ae63 | 0;
const P5 = 0x27d4eb2f | 0;
const P5_LOW = 0x165667c5 | 0;

/** Where the halves of each accumulator are, high before low, and those of the hash behind them. */
const HASH = 8;
const STATE_LENGTH = 10;
const STRIPE_BYTES = 32;

/** Halves of a 64-bit number in `state`, the high one at an even index. */
type State = Int32Array;

/** A hash of 64 bits in two signed halves. */
export interface Hash64 {
  readonly high: number;
  readonly low: number;
}

const state: State = new Int32Array(STATE_LENGTH);

/**
 * Hashes the first `length` bytes.
 * @returns one object that the next call overwrites
 */
export function xxh64(bytes: Uint8Array, length: number): Hash64 {
  let at = 0;
  if (length >= STRIPE_BYTES) {
    at = readStripes(bytes, length);
    mergeAccumulators();
  } else {
    state[HASH] = P5;
    state[HASH + 1] = P5_LOW;
  }
  add(HASH, 0, length);
  for (; at + 8 <= length; at += 8) {
    mixLane(readWord(bytes, at + 4), readWord(bytes, at));
    rotateHash(27);
    multiply(HASH, P1, P1_LOW);
    add(HASH, P4, P4_LOW);
  }
  if (at + 4 <= length) {
    xorProduct(readWord(bytes, at), P1, P1_LOW);
    rotateHash(23);
    multiply(HASH, P2, P2_LOW);
    add(HASH, P3, P3_LOW);
    at += 4;
  }
  for (; at < length; at += 1) {
    xorProduct(bytes[at] ?? 0, P5, P5_LOW);
    rotateHash(11);
    multiply(HASH, P1, P1_LOW);
  }
  return finish();
}

const result: { high: number; low: number } = { high: 0, low: 0 };

function finish(): Hash64 {
  xorShiftRight(33);
  multiply(HASH, P2, P2_LOW);
  xorShiftRight(29);
  multiply(HASH, P3, P3_LOW);
  result.high = state[HASH] ?? 0;
  result.low = (state[HASH + 1] ?? 0) ^ result.high;
  return result;
}

/** Reads all whole stripes; the position behind the last. */
function readStripes(bytes: Uint8Array, length: number): number {
  setAccumulators();
  let at = 0;
  for (; at + STRIPE_BYTES <= length; at += STRIPE_BYTES) {
    for (let lane = 0; lane < HASH; lane += 2) {
      const word = at + lane * 4;
      round(lane, readWord(bytes, word + 4), readWord(bytes, word));
    }
  }
  return at;
}

/** P1 + P2, P2, 0, -P1. */
function setAccumulators(): void {
  state[0] = P1;
  state[1] = P1_LOW;
  add(0, P2, P2_LOW);
  state[2] = P2;
  state[3] = P2_LOW;
  state[4] = 0;
  state[5] = 0;
  state[6] = ~P1;
  state[7] = -P1_LOW;
}

function mergeAccumulators(): void {
  state[HASH] = 0;
  state[HASH + 1] = 0;
  for (let lane = 0, count = 1; lane < HASH; lane += 2) {
    const high = state[lane] ?? 0;
    const low = state[lane + 1] ?? 0;
    add(HASH, rotateHigh(high, low, count), rotateHigh(low, high, count));
    count = lane === 0 ? 7 : lane === 2 ? 12 : 18;
  }
  for (let lane = 0; lane < HASH; lane += 2) {
    mixLane(state[lane] ?? 0, state[lane + 1] ?? 0);
    multiply(HASH, P1, P1_LOW);
    add(HASH, P4, P4_LOW);
  }
}

/** One lane of a stripe into its accumulator. */
function round(lane: number, high: number, low: number): void {
  const productLow = Math.imul(low, P2_LOW);
  add(lane, productHigh(high, low, P2, P2_LOW), productLow);
  const before = state[lane] ?? 0;
  const beforeLow = state[lane + 1] ?? 0;
  state[lane] = rotateHigh(before, beforeLow, 31);
  state[lane + 1] = rotateHigh(beforeLow, before, 31);
  multiply(lane, P1, P1_LOW);
}

/** A word that went through one round of an empty accumulator, into the hash. */
function mixLane(high: number, low: number): void {
  const first = productHigh(high, low, P2, P2_LOW);
  const firstLow = Math.imul(low, P2_LOW);
  const turned = rotateHigh(first, firstLow, 31);
  const turnedLow = rotateHigh(firstLow, first, 31);
  state[HASH] = (state[HASH] ?? 0) ^ productHigh(turned, turnedLow, P1, P1_LOW);
  state[HASH + 1] = (state[HASH + 1] ?? 0) ^ Math.imul(turnedLow, P1_LOW);
}

function xorProduct(word: number, high: number, low: number): void {
  state[HASH] = (state[HASH] ?? 0) ^ productHigh(0, word, high, low);
  state[HASH + 1] = (state[HASH + 1] ?? 0) ^ Math.imul(word, low);
}

function rotateHash(count: number): void {
  const high = state[HASH] ?? 0;
  const low = state[HASH + 1] ?? 0;
  state[HASH] = rotateHigh(high, low, count);
  state[HASH + 1] = rotateHigh(low, high, count);
}

/** `count` is 29, or 33 and more bits than one half has. */
function xorShiftRight(count: number): void {
  const high = state[HASH] ?? 0;
  const low = state[HASH + 1] ?? 0;
  if (count < 32) {
    state[HASH] = high ^ (high >>> count);
    state[HASH + 1] = low ^ ((low >>> count) | (high << (32 - count)));
  } else {
    state[HASH + 1] = low ^ (high >>> (count - 32));
  }
}

function multiply(at: number, high: number, low: number): void {
  const before = state[at] ?? 0;
  const beforeLow = state[at + 1] ?? 0;
  state[at] = productHigh(before, beforeLow, high, low);
  state[at + 1] = Math.imul(beforeLow, low);
}

function add(at: number, high: number, low: number): void {
  const sum = ((state[at + 1] ?? 0) >>> 0) + (low >>> 0);
  state[at + 1] = sum;
  state[at] = (state[at] ?? 0) + high + (sum > 0xffffffff ? 1 : 0);
}

/** The high half of a number rotated left by fewer bits than a half has. */
function rotateHigh(high: number, low: number, count: number): number {
  return (high << count) | (low >>> (32 - count));
}

/** The high half of the product of two numbers of 64 bits. */
function productHigh(aHigh: number, aLow: number, bHigh: number, bLow: number): number {
  const a1 = aLow >>> 16;
  const a0 = aLow & 0xffff;
  const b1 = bLow >>> 16;
  const b0 = bLow & 0xffff;
  const middle = a1 * b0 + ((a0 * b0) >>> 16);
  const other = a0 * b1 + (middle & 0xffff);
  const carry = a1 * b1 + (middle >>> 16) + (other >>> 16);
  return (carry + Math.imul(aLow, bHigh) + Math.imul(aHigh, bLow)) | 0;
}

function readWord(bytes: Uint8Array, at: number): number {
  return (
    (bytes[at] ?? 0) |
    ((bytes[at + 1] ?? 0) << 8) |
    ((bytes[at + 2] ?? 0) << 16) |
    ((bytes[at + 3] ?? 0) << 24)
  );
}
