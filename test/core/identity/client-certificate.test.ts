import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseSubjectAltNames } from '../../../src/core/identity/client-certificate.ts';

const CASES: readonly (readonly [
  text: string,
  dnsNames: readonly string[],
  uris: readonly string[],
])[] = [
  ['', [], []],
  ['DNS:a.example', ['a.example'], []],
  ['DNS:a.example, DNS:b.example', ['a.example', 'b.example'], []],
  ['URI:spiffe://example/a', [], ['spiffe://example/a']],
  ['DNS:a, IP Address:10.0.0.1, URI:x:y, email:a@b', ['a'], ['x:y']],
  // what is quoted is one name, and none that a host can have
  ['DNS:"a, DNS:b", DNS:c', ['c'], []],
  ['URI:"http://a/,x", DNS:c', ['c'], ['http://a/,x']],
  ['URI:"http://a/\\u000a,x", DNS:c', ['c'], []],
  ['DNS:"a\\", DNS:b"', [], []],
  ['DNS:"evil.example\\u0000.a.example"', [], []],
  [`DNS:${'a'.repeat(254)}, DNS:*.a_b.example`, ['*.a_b.example'], []],
];
for (const [text, dnsNames, uris] of CASES) {
  test(`parseSubjectAltNames reads ${JSON.stringify(text)}`, () => {
    assert.deepEqual(parseSubjectAltNames(text), { dnsNames, uris });
  });
}
