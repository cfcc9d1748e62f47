import assert from 'node:assert/strict';
import { test } from 'node:test';
import { renderPushTarget } from '../../../src/core/target/grouping-key.ts';

const VALUES = [
  ['a', '/a'],
  ['AZaz09_.~-', '/AZaz09_.~-'],
  ['...', '/...'],
  ['.', '@base64/Lg'],
  ['..', '@base64/Li4'],
  ['', '@base64/='],
  ['a b', '@base64/YSBi'],
  ['a+b', '@base64/YSti'],
  ['a/b', '@base64/YS9i'],
  ['a%2Fb', '@base64/YSUyRmI'],
  ['>>>???', '@base64/Pj4-Pz8_'],
  ['é', '@base64/w6k'],
  ['🚀', '@base64/8J-agA'],
] as const;

for (const [value, rendered] of VALUES) {
  test(`renderPushTarget writes the job ${JSON.stringify(value)} as job${rendered}`, () => {
    assert.equal(renderPushTarget({ job: value, labels: [] }), `/metrics/job${rendered}`);
  });

  test(`renderPushTarget writes the label value ${JSON.stringify(value)} as l${rendered}`, () => {
    const labels = [{ name: 'l', value }];
    assert.equal(renderPushTarget({ job: 'a', labels }), `/metrics/job/a/l${rendered}`);
  });
}

test('renderPushTarget puts the job first and keeps the labels in their order', () => {
  const labels = [
    { name: 'a', value: '1' },
    { name: 'z', value: '/' },
  ];
  assert.equal(renderPushTarget({ job: 'm', labels }), '/metrics/job/m/a/1/z@base64/Lw');
});
