import assert from 'node:assert/strict';
import { test } from 'node:test';
import { explainHashCost, parsePasswordHash } from '../../../src/core/identity/password-hash.ts';

for (const [cost, isTaken] of [
  ['04', true],
  ['16', true],
  ['17', false],
  ['31', false],
] as const) {
  test(`a bcrypt hash of cost ${cost} is ${isTaken ? 'taken' : 'refused'}`, () => {
    const text = `$2y$${cost}$abcdefghijklmnopqrstuuabcdefghijklmnopqrstuvwxyzABCDE`;
    const hash = parsePasswordHash(text) ?? assert.fail();
    assert.equal(explainHashCost(hash) === undefined, isTaken);
  });
}
