import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseStoreStatus } from '../../../src/core/store/store-status.ts';

const START = '2026-01-01T00:00:00Z';

function statusOf(version: unknown): unknown {
  return { data: { build_information: { version }, start_time: START } };
}

const VERSIONS: readonly (readonly [unknown, boolean])[] = [
  ['1.5.1', true],
  ['1.5.2', true],
  ['1.11.2', true],
  ['2.0.0', true],
  ['1.5.1-2+b5', true],
  ['1.5.0', false],
  ['1.4.9', false],
  ['0.99.99', false],
  ['1.11', false],
  ['v1.11.2', false],
  ['', false],
  [undefined, false],
  [1.11, false],
];
for (const [version, keepsNative] of VERSIONS) {
  const verb = keepsNative ? 'trusts' : 'does not trust';
  test(`parseStoreStatus ${verb} version ${JSON.stringify(version)} with native histograms`, () => {
    const status = parseStoreStatus(statusOf(version));
    assert.deepEqual([status?.startTime, status?.keepsNative], [START, keepsNative]);
  });
}

test('parseStoreStatus takes a start time alone for a Pushgateway', () => {
  const status = {
    startTime: START,
    keepsNative: false,
    checksConsistency: false,
  };
  assert.deepEqual(parseStoreStatus({ data: { start_time: START } }), status);
});

for (const answer of [undefined, null, 'x', [], {}, { data: null }, { data: { start_time: 1 } }]) {
  test(`parseStoreStatus takes ${JSON.stringify(answer)} for the answer of no Pushgateway`, () => {
    assert.equal(parseStoreStatus(answer), undefined);
  });
}

for (const [flag, checks] of [
  ['false', true],
  ['true', false],
  [undefined, false],
] as const) {
  test(`a disabled check that is ${flag} means ${checks ? 'a' : 'no'} check`, () => {
    const flags = { 'push.disable-consistency-check': flag };
    const status = parseStoreStatus({ data: { start_time: START, flags } });
    assert.equal(status?.checksConsistency, checks);
  });
}
