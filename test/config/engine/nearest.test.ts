import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findNearest } from '../../../src/config/engine/nearest.ts';

const WORDS = ['jobs', 'allow', 'allow_networks', 'labels', 'limits'];

const cases = [
  ['jbos', 'jobs'],
  ['job', 'jobs'],
  ['alow', 'allow'],
  ['allow_network', 'allow_networks'],
  ['allownetworks', 'allow_networks'],
  ['limit', 'limits'],
  ['x', undefined],
  ['nonsense', undefined],
  ['', undefined],
] as const;
for (const [text, expected] of cases) {
  test(`findNearest takes "${text}" for ${expected ?? 'nothing that it knows'}`, () => {
    assert.equal(findNearest(text, WORDS), expected);
  });
}
