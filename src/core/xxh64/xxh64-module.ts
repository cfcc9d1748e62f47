import {
  add,
  type Code,
  distance,
  I32,
  I64,
  ifElse,
  isUpTo,
  load8,
  load32,
  load64,
  local,
  long,
  move,
  multiply,
  renderModule,
  rotateLeft,
  setLocal,
  shiftRight,
  store64,
  toLong,
  whileTrue,
  xor,
} from './wasm-code.ts';

/**
 * XXH64 with seed 0 in WebAssembly.
 * @see https://github.com/Cyan4973/xxHash/blob/dev/doc/xxhash_spec.md
 */

const P1 = long(0x9e3779b185ebca87n);
const P2 = long(0xc2b2ae3d27d4eb4fn);
const P3 = long(0x165667b19e3779f9n);
const P4 = long(0x85ebca77c2b2ae63n);
const P5 = long(0x27d4eb2f165667c5n);
const MINUS_P1 = long(-0x9e3779b185ebca87n);
const STRIPE_BYTES = 32;

/** Parameters: where the input begins and ends, and where the hash is to be stored. */
const START = 0;
const END = 1;
const RESULT = 2;
/** Locals: what is read next, the hash, and the accumulators. */
const AT = 3;
const HASH = 4;
const LANES = [5, 6, 7, 8] as const;

/** The module, to be instantiated: `run(start, end, result)`. */
export function renderXxh64(): Uint8Array<ArrayBuffer> {
  return renderModule({
    parameters: [I32, I32, I32],
    locals: [I32, I64, I64, I64, I64, I64],
    body: [
      ...setLocal(AT, local(START)),
      ...ifElse(hasInput(STRIPE_BYTES), readStripes(), setLocal(HASH, P5)),
      ...setHash(add(local(HASH), toLong(distance(local(START), local(END))))),
      ...readRest(),
      ...finish(),
    ],
  });
}

/** All whole stripes, of which there is one at least. */
function readStripes(): Code {
  const [first, second, third, fourth] = LANES;
  const round = (lane: number, index: number): Code =>
    setLocal(lane, mixWord(local(lane), load64(local(AT), index * 8)));
  const turned = [
    rotateLeft(local(first), 1),
    rotateLeft(local(second), 7),
    rotateLeft(local(third), 12),
    rotateLeft(local(fourth), 18),
  ];
  return [
    ...setLocal(first, add(P1, P2)),
    ...setLocal(second, P2),
    ...setLocal(third, long(0n)),
    ...setLocal(fourth, MINUS_P1),
    ...whileTrue(hasInput(STRIPE_BYTES), [...LANES.flatMap(round), ...advance(STRIPE_BYTES)]),
    ...setHash(turned.reduce(add)),
    ...LANES.flatMap((lane) =>
      setHash(add(multiply(xor(local(HASH), mixed(local(lane))), P1), P4)),
    ),
  ];
}

/** What is left behind the stripes: words of eight bytes, then four, then single bytes. */
function readRest(): Code {
  const word = mixed(load64(local(AT), 0));
  const half = multiply(load32(local(AT)), P1);
  const byte = multiply(load8(local(AT)), P5);
  const enter = (value: Code, bits: number): Code => rotateLeft(xor(local(HASH), value), bits);
  return [
    ...whileTrue(hasInput(8), [...setHash(add(multiply(enter(word, 27), P1), P4)), ...advance(8)]),
    ...whileTrue(hasInput(4), [...setHash(add(multiply(enter(half, 23), P2), P3)), ...advance(4)]),
    ...whileTrue(hasInput(1), [...setHash(multiply(enter(byte, 11), P1)), ...advance(1)]),
  ];
}

function finish(): Code {
  const folded = (bits: number): Code => xor(local(HASH), shiftRight(local(HASH), bits));
  return [
    ...setHash(multiply(folded(33), P2)),
    ...setHash(multiply(folded(29), P3)),
    ...store64(local(RESULT), folded(32)),
  ];
}

/** One round of an accumulator. */
function mixWord(accumulator: Code, word: Code): Code {
  return multiply(rotateLeft(add(accumulator, multiply(word, P2)), 31), P1);
}

/** The same of an empty one. */
function mixed(word: Code): Code {
  return mixWord(long(0n), word);
}

function setHash(value: Code): Code {
  return setLocal(HASH, value);
}

function hasInput(bytes: number): Code {
  return isUpTo(move(local(AT), bytes), local(END));
}

function advance(bytes: number): Code {
  return setLocal(AT, move(local(AT), bytes));
}
