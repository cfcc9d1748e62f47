import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hashInput, reserveHashInput, xxh64 } from '../../../src/core/xxh64/xxh64.ts';

const TEXT = 'The quick brown fox jumps over the lazy dog, again and again and again and again.';

/** Of the first bytes of that text, as `xxhash-wasm` gives them. */
const KNOWN = [
  [0, 'ef46db3751d8e999'],
  [1, '5b4d6af247a3cf7b'],
  [3, '4108f90b5de14d15'],
  [4, 'cdf13a49d263200f'],
  [5, 'f0d7a3adcfa8c683'],
  [8, 'd07b38a78a153b0b'],
  [12, 'b2ed38017844f789'],
  [15, '59bf1a33358c7d98'],
  [16, '0f7e67014943a311'],
  [31, '3f8d95ab32c127d9'],
  [32, 'e2bbc9136629a4ee'],
  [33, '6d92fe2ebab7db31'],
  [39, 'e01509ec7bdd4b5e'],
  [40, '581a9e84f2ab44ef'],
  [63, '50d7a9e16dd96e63'],
  [64, '5f7e60fdc87f9339'],
  [77, 'deadef3b8654415d'],
] as const;

function hash(bytes: Uint8Array): string {
  hashInput.length = 0;
  reserveHashInput(bytes.length);
  hashInput.bytes.set(bytes);
  hashInput.length = bytes.length;
  const { high, low } = xxh64();
  const hex = (half: number): string => (half >>> 0).toString(16).padStart(8, '0');
  return hex(high) + hex(low);
}

for (const [length, expected] of KNOWN) {
  test(`xxh64 of ${length} bytes`, () => {
    assert.equal(hash(Buffer.from(TEXT).subarray(0, length)), expected);
  });
}

test('xxh64 hashes what is longer than its memory was, and short inputs after it', () => {
  const before = hashInput.bytes.length;
  assert.equal(hash(Buffer.alloc(1_000_000, TEXT)), '09a3812f2e85ff12');
  assert.ok(hashInput.bytes.length > before);
  assert.equal(hash(Buffer.from(TEXT).subarray(0, 77)), 'deadef3b8654415d');
});

test('room for more keeps what was written', () => {
  hashInput.bytes[0] = 7;
  hashInput.length = hashInput.bytes.length;
  reserveHashInput(1);
  assert.ok(hashInput.bytes.length > hashInput.length);
  assert.equal(hashInput.bytes[0], 7);
});
