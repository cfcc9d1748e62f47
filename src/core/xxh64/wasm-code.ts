/**
 * WebAssembly instructions, as far as a hash needs them: it multiplies numbers of 64 bits, which
 * JavaScript can only do in pieces. Every function renders the bytes of what it is called; an
 * expression stands behind its operands.
 * @see WebAssembly Core Specification, section 5, "Binary Format"
 */
export type Code = readonly number[];

/** Positions and lengths are i32, everything else is i64. */
export const I32 = 0x7f;
export const I64 = 0x7e;

const END = 0x0b;
const NO_RESULT = 0x40;

function integer(value: number): Code {
  return [0x41, ...signed(BigInt(value))];
}

export function long(value: bigint): Code {
  return [0x42, ...signed(BigInt.asIntN(64, value))];
}

export function local(index: number): Code {
  return [0x20, ...unsigned(index)];
}

export function setLocal(index: number, value: Code): Code {
  return [...value, 0x21, ...unsigned(index)];
}

export function load64(position: Code, offset: number): Code {
  return [...position, 0x29, 0, ...unsigned(offset)];
}

export function load32(position: Code): Code {
  return [...position, 0x35, 0, 0];
}

export function load8(position: Code): Code {
  return [...position, 0x31, 0, 0];
}

export function store64(position: Code, value: Code): Code {
  return [...position, ...value, 0x37, 0, 0];
}

/** The position so many bytes further. */
export function move(position: Code, bytes: number): Code {
  return [...position, ...integer(bytes), 0x6a];
}

export function distance(from: Code, to: Code): Code {
  return [...to, ...from, 0x6b];
}

export function isUpTo(position: Code, last: Code): Code {
  return [...position, ...last, 0x4d];
}

export function toLong(value: Code): Code {
  return [...value, 0xad];
}

export function add(a: Code, b: Code): Code {
  return [...a, ...b, 0x7c];
}

export function multiply(a: Code, b: Code): Code {
  return [...a, ...b, 0x7e];
}

export function xor(a: Code, b: Code): Code {
  return [...a, ...b, 0x85];
}

export function shiftRight(value: Code, bits: number): Code {
  return [...value, ...long(BigInt(bits)), 0x88];
}

export function rotateLeft(value: Code, bits: number): Code {
  return [...value, ...long(BigInt(bits)), 0x89];
}

/** Runs `body` as long as the condition holds, which is looked at first. */
export function whileTrue(condition: Code, body: Code): Code {
  return [0x03, NO_RESULT, ...condition, 0x04, NO_RESULT, ...body, 0x0c, 1, END, END];
}

export function ifElse(condition: Code, then: Code, otherwise: Code): Code {
  return [...condition, 0x04, NO_RESULT, ...then, 0x05, ...otherwise, END];
}

/** What a module of one function is made of. */
interface WasmFunction {
  /** Types of what it is called with. */
  readonly parameters: Code;
  /** Types of the locals that follow them. */
  readonly locals: Code;
  readonly body: Code;
}

/** Renders a module that exports its memory as `memory`, and a function without result as `run`. */
export function renderModule({ parameters, locals, body }: WasmFunction): Uint8Array<ArrayBuffer> {
  const declared = list(locals.map((type) => [1, type]));
  const code = [...declared, ...body, END];
  return Uint8Array.of(
    ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, [[0x60, ...list(parameters.map((type) => [type])), 0]]),
    ...section(3, [[0]]),
    ...section(5, [[0, 1]]),
    ...section(7, [
      [...name('memory'), 0x02, 0],
      [...name('run'), 0x00, 0],
    ]),
    ...section(10, [[...unsigned(code.length), ...code]]),
  );
}

function section(id: number, entries: readonly Code[]): Code {
  const content = list(entries);
  return [id, ...unsigned(content.length), ...content];
}

function list(entries: readonly Code[]): Code {
  return [...unsigned(entries.length), ...entries.flat()];
}

function name(text: string): Code {
  return [...unsigned(text.length), ...Buffer.from(text)];
}

/** LEB128, seven bits a byte. */
function unsigned(value: number): Code {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...unsigned(value >>> 7)];
}

function signed(value: bigint): Code {
  const bits = Number(value & 0x7fn);
  const rest = value >> 7n;
  const isLast = rest === (bits < 0x40 ? 0n : -1n);
  return isLast ? [bits] : [bits | 0x80, ...signed(rest)];
}
