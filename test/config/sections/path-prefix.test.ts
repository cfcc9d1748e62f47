import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pathPrefix } from '../../../src/config/sections/path-prefix.ts';

for (const prefix of ['', '/pushgateway', '/monitoring/push-gateway', '/~x', '/metrics2', '/.a']) {
  test(`"${prefix}" is a path prefix`, () => assert.equal(pathPrefix.parse(prefix), prefix));
}

const REFUSED = [
  '/',
  'pushgateway',
  '/pushgateway/',
  '//a',
  '/a b',
  '/a/..',
  '/.',
  '/a%20',
  '/a?b',
  '/metrics',
  '/metrics/a',
  '/api/v1',
  '/-',
  '/ui',
];
for (const prefix of REFUSED) {
  test(`"${prefix}" is no path prefix`, () => {
    assert.equal(pathPrefix.safeParse(prefix).success, false);
  });
}
