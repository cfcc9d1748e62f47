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
  ['DNS:"a, DNS:b", DNS:c', ['a, DNS:b', 'c'], []],
  ['URI:"http://a/\\u000a,x", DNS:c', ['c'], ['http://a/\n,x']],
  ['DNS:"a\\", DNS:b"', ['a", DNS:b'], []],
];
for (const [text, dnsNames, uris] of CASES) {
  test(`parseSubjectAltNames reads ${JSON.stringify(text)}`, () => {
    assert.deepEqual(parseSubjectAltNames(text), { dnsNames, uris });
  });
}
