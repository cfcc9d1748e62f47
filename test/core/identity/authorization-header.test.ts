import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseAuthorization } from '../../../src/core/identity/authorization-header.ts';
import { allowed, denied } from '../../support/decision.ts';

/** The header value of a Basic credential, of whatever bytes. */
function basic(userPass: string | Uint8Array): string {
  return `Basic ${Buffer.from(userPass).toString('base64')}`;
}

const TOKENS = [
  ['Bearer abc', 'abc'],
  ['bearer abc', 'abc'],
  ['BEARER abc', 'abc'],
  ['Bearer pwt_-._~+/09AZaz', 'pwt_-._~+/09AZaz'],
  ['Bearer abc==', 'abc=='],
  ['Bearer eyJh.eyJz.c2ln', 'eyJh.eyJz.c2ln'],
] as const;
for (const [header, token] of TOKENS) {
  test(`parseAuthorization reads the token of ${header}`, () => {
    assert.deepEqual(allowed(parseAuthorization(header)), { scheme: 'bearer', token });
  });
}

const PAIRS = [
  ['ci:secret', 'ci', 'secret'],
  ['ci:', 'ci', ''],
  ['ci::', 'ci', ':'],
  ['ci:a:b', 'ci', 'a:b'],
  ['Ci:Secret', 'Ci', 'Secret'],
  ['user name: pass word ', 'user name', ' pass word '],
  ['café:Ω🚀', 'café', 'Ω🚀'],
  ['\ufeffci:x', '\ufeffci', 'x'],
  ['__proto__:z', '__proto__', 'z'],
] as const;
for (const [userPass, username, password] of PAIRS) {
  test(`parseAuthorization splits ${JSON.stringify(userPass)} at its first colon`, () => {
    const presented = allowed(parseAuthorization(basic(userPass)));
    assert.deepEqual(presented, { scheme: 'basic', username, password });
  });
}

for (const scheme of ['basic', 'BASIC', 'bAsIc']) {
  test(`parseAuthorization takes the scheme name ${scheme} in any case`, () => {
    assert.equal(allowed(parseAuthorization(`${scheme} YTpi`)).scheme, 'basic');
  });
}

const NO_SCHEME = 'the Authorization header is neither Basic nor Bearer';
const REFUSED: readonly (readonly [header: string, internal: string])[] = [
  ['', NO_SCHEME],
  [' ', NO_SCHEME],
  ['Basic', NO_SCHEME],
  ['Basic ', NO_SCHEME],
  ['Bearer', NO_SCHEME],
  ['Bearer ', NO_SCHEME],
  ['Bearer =', NO_SCHEME],
  ['Basic =', NO_SCHEME],
  ['YTpi', NO_SCHEME],
  ['Digest username="u"', NO_SCHEME],
  ['Negotiate YTpi', NO_SCHEME],
  ['Token abc', NO_SCHEME],
  [' Basic YTpi', NO_SCHEME],
  ['Basic YTpi ', NO_SCHEME],
  ['Basic  YTpi', NO_SCHEME],
  ['Basic\tYTpi', NO_SCHEME],
  ['Basic\u00a0YTpi', NO_SCHEME],
  ['Ba\u017fic YTpi', NO_SCHEME],
  ['Basic !!!', NO_SCHEME],
  ['Basic YTpi!!', NO_SCHEME],
  ['Basic YTp\ni', NO_SCHEME],
  ['Basic YTpi\n', NO_SCHEME],
  ['Basic YT pi', NO_SCHEME],
  ['Basic YTpi===', NO_SCHEME],
  ['Basic AAAA, Basic YTpi', NO_SCHEME],
  ['Basic YTpi, Bearer x', NO_SCHEME],
  ['Basic realm="x"', NO_SCHEME],
  ['Basic YT-_', NO_SCHEME],
  ['Bearer a b', NO_SCHEME],
  ['Bearer  a', NO_SCHEME],
  ['Bearer a ', NO_SCHEME],
  ['Bearer\ta', NO_SCHEME],
  ['Bearer "a"', NO_SCHEME],
  ['Bearer a,b', NO_SCHEME],
  ['Bearer bad, Bearer good', NO_SCHEME],
  ['Bearer a=b', NO_SCHEME],
  ['Bearer caf\xe9', NO_SCHEME],
  ['Bearer a\0', NO_SCHEME],
  ['Bearer a\n', NO_SCHEME],
  ['Bearer: a', NO_SCHEME],
  ['Basic a', 'Basic: not canonical base64'],
  ['Basic YTp', 'Basic: not canonical base64'],
  ['Basic YTpiYw', 'Basic: not canonical base64'],
  ['Basic YTpiYw=', 'Basic: not canonical base64'],
  ['Basic YTpiYx==', 'Basic: not canonical base64'],
  ['Basic YTpi=', 'Basic: not canonical base64'],
  [basic('nocolon'), 'Basic: no colon'],
  [basic(':pw'), 'Basic: no user name'],
  [basic(':'), 'Basic: no user name'],
  [basic(Uint8Array.of(0x61, 0x3a, 0xff)), 'Basic: not UTF-8'],
  [basic(Uint8Array.of(0x61, 0x3a, 0xc0, 0x80)), 'Basic: not UTF-8'],
  [basic('a:\0'), 'Basic: a control character'],
  [basic('a\n:b'), 'Basic: a control character'],
  [basic('a:b\r'), 'Basic: a control character'],
  [basic('a:b\x7f'), 'Basic: a control character'],
  [basic('a:b\u0085'), 'Basic: a control character'],
];
for (const [header, internal] of REFUSED) {
  test(`parseAuthorization refuses ${JSON.stringify(header)} and tells the operator why`, () => {
    const { reason, internal: why } = denied(parseAuthorization(header));
    assert.deepEqual([reason, why], ['credential_invalid', internal]);
  });
}

test('parseAuthorization tells a missing header from an invalid one', () => {
  const { reason, detail } = denied(parseAuthorization(undefined));
  assert.deepEqual([reason, detail], ['credential_missing', undefined]);
});

test('parseAuthorization takes a header of 8192 bytes and none of 8193', () => {
  const longest = `Bearer ${'a'.repeat(8192 - 'Bearer '.length)}`;
  assert.equal(allowed(parseAuthorization(longest)).scheme, 'bearer');
  const { reason, internal } = denied(parseAuthorization(`${longest}a`));
  assert.equal(reason, 'credential_invalid');
  assert.equal(internal, 'the Authorization header is too long');
});

test('parseAuthorization reads back any user name and password without controls', () => {
  const text = fc.string({ unit: 'grapheme' }).filter((it) => !/\p{Cc}/u.test(it));
  const name = text.filter((it) => it !== '' && !it.includes(':'));
  fc.assert(
    fc.property(name, text, (username, password) => {
      const presented = allowed(parseAuthorization(basic(`${username}:${password}`)));
      assert.deepEqual(presented, { scheme: 'basic', username, password });
    }),
  );
});

test('parseAuthorization never throws, whatever the header', () => {
  const rest = fc.string({ unit: 'binary' });
  fc.assert(
    fc.property(fc.constantFrom('', 'Basic ', 'Bearer '), rest, (scheme, value) => {
      const decision = parseAuthorization(scheme + value);
      if (decision.effect === 'deny') assert.equal(decision.reason, 'credential_invalid');
    }),
    { numRuns: 5000 },
  );
});
