import assert from 'node:assert/strict';
import { test } from 'node:test';
import { resolveSecurityHeaders } from '../../src/http/security-headers.ts';

const HEADERS = resolveSecurityHeaders();

test('the headers allow no content, no frame and no guess at a type', () => {
  assert.equal(HEADERS['Content-Security-Policy'], "default-src 'none';frame-ancestors 'none'");
  assert.equal(HEADERS['X-Frame-Options'], 'DENY');
  assert.equal(HEADERS['X-Content-Type-Options'], 'nosniff');
  assert.equal(HEADERS['Referrer-Policy'], 'no-referrer');
  assert.equal(HEADERS['Cross-Origin-Resource-Policy'], 'same-origin');
});

test('the headers promise no TLS and invite no other site', () => {
  const names = Object.keys(HEADERS).map((name) => name.toLowerCase());
  assert.equal(names.includes('strict-transport-security'), false);
  assert.equal(
    names.some((name) => name.startsWith('access-control-')),
    false,
  );
});

test('the headers are the same for everybody, and cannot be changed', () => {
  assert.ok(Object.isFrozen(HEADERS));
  assert.deepEqual(resolveSecurityHeaders(), HEADERS);
});
