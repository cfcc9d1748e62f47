import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FamilyContent } from '../../../../src/core/exposition/push-content.ts';
import {
  decodeOperation,
  encodeOperation,
  type Operation,
  readRequest,
  type SharedPush,
} from '../../../../src/core/store/replica/operation.ts';

const family = (name: string, identities: number[]): FamilyContent => {
  return { name, type: 'gauge', isTyped: true, series: 2, bytes: 31, identities };
};
const FAMILIES = [family('rows', [1, -2, 2 ** 31 - 1, -(2 ** 31)]), family('größe', [7, 8])];
const GROUP = '/metrics/job/nightly';
const push: SharedPush = {
  team: 'batch',
  credential: 'ci',
  method: 'PUT',
  group: GROUP,
  content: { families: FAMILIES },
  isObserved: false,
  at: 1_800_000_000_123.5,
};
const groups = [FAMILIES, []].map((families, index) => ({
  ...{ id: `${GROUP}_${index}`, key: { job: 'nightly', labels: [] } },
  ...{ families, pushedAt: 1.5, failedAt: 2 },
}));
const contents = { groups, own: [family('go_threads', [9, 10])], keepsNative: true };
const operations: readonly Operation[] = [
  { kind: 'claim', push, request: 2 ** 40 },
  { kind: 'settle', claim: 3, end: 'stored', request: 4 },
  { kind: 'add', reading: 5, groups, request: 6 },
  { kind: 'finish', reading: 5, contents, request: 7 },
  { kind: 'fresh', joined: 'b', terms: [], request: 8 },
];

for (const operation of operations) {
  test(`of a ${operation.kind} others learn all that matters to the model`, () => {
    const data = encodeOperation(operation);
    assert.deepEqual(decodeOperation(data), operation);
    assert.equal(readRequest(data), operation.request);
  });
}
