import { renderXxh64 } from './xxh64-module.ts';

/** Of the platform, as far as it is used here. */
declare const WebAssembly: {
  readonly Module: new (code: Uint8Array<ArrayBuffer>) => object;
  readonly Instance: new (module: object) => { readonly exports: unknown };
};

interface Xxh64Exports {
  readonly memory: { readonly buffer: ArrayBuffer; grow(pages: number): number };
  run(start: number, end: number, result: number): void;
}

/** A hash of 64 bits in two signed halves. */
export interface Hash64 {
  readonly high: number;
  readonly low: number;
}

/** Where the hash is stored, and the input behind it. */
const RESULT = 0;
const INPUT = 8;
const PAGE_BYTES = 65_536;

const { memory, run } = new WebAssembly.Instance(new WebAssembly.Module(renderXxh64()))
  .exports as Xxh64Exports; // as the module has them

/** What is to be hashed: as many bytes as were written here. */
export const hashInput = { bytes: new Uint8Array(memory.buffer, INPUT), length: 0 };
let halves = new Int32Array(memory.buffer, RESULT, 2);

/** Makes room in the input for so many bytes more. */
export function reserveHashInput(bytes: number): void {
  const needed = hashInput.length + bytes;
  if (needed <= hashInput.bytes.length) return;
  memory.grow(Math.ceil((2 * needed - hashInput.bytes.length) / PAGE_BYTES));
  hashInput.bytes = new Uint8Array(memory.buffer, INPUT);
  halves = new Int32Array(memory.buffer, RESULT, 2);
}

const result: { high: number; low: number } = { high: 0, low: 0 };

/**
 * XXH64 of the input, with seed 0.
 * @returns one object that the next call overwrites
 */
export function xxh64(): Hash64 {
  run(INPUT, INPUT + hashInput.length, RESULT);
  result.high = halves[1] ?? 0;
  result.low = halves[0] ?? 0;
  return result;
}
