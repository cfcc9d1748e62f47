import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Decision } from '../../../src/core/decision.ts';
import { checkFraming, type Framing } from '../../../src/core/request/framing.ts';
import { allowed, denied } from '../../support/decision.ts';

type Headers = readonly (readonly [name: string, value: string])[];

const HOST = ['Host', '127.0.0.1:9091'] as const;

function check(headers: Headers, httpVersion = '1.1'): Decision<Framing> {
  return checkFraming({ httpVersion, rawHeaders: headers.flat() });
}

const FRAMED: readonly (readonly [what: string, headers: Headers, length: number | undefined])[] = [
  ['no body', [HOST], 0],
  ['an empty body', [HOST, ['Content-Length', '0']], 0],
  ['a length', [HOST, ['Content-Length', '11']], 11],
  ['a length with zeros before it', [HOST, ['Content-Length', '0011']], 11],
  ['a length in any case of its name', [HOST, ['cOnTeNt-LeNgTh', '11']], 11],
  ['the greatest length', [HOST, ['Content-Length', '999999999999999']], 999_999_999_999_999],
  ['a chunked body', [HOST, ['Transfer-Encoding', 'chunked']], undefined],
  ['a chunked body in any case', [HOST, ['transfer-encoding', 'cHuNkEd']], undefined],
  ['headers that may repeat', [HOST, ['X-A', '1'], ['X-A', '2'], ['Accept', 'a']], 0],
  ['a header without a name', [HOST, ['', '']], 0],
];
for (const [what, headers, contentLength] of FRAMED) {
  test(`checkFraming reads ${what}`, () => {
    assert.deepEqual(allowed(check(headers)), { contentLength, expectsContinue: false });
  });
}

for (const host of [
  'h',
  'push.example.com',
  'my_host:1',
  '10.0.0.1',
  '[::1]',
  '[fd00::1]:9091',
  'h:',
]) {
  test(`checkFraming takes the Host ${host}`, () => {
    assert.equal(check([['Host', host]]).effect, 'allow');
  });
}

const NO_HOST = 'the Host header is missing or malformed';
const HOSTS = ['', ' ', 'a b/c?d@e', 'a, b', 'a,b', 'h%0d%0aX: y', 'u@h', 'h/', 'h:x', 'h:123456'];
const MORE_HOSTS = ['[::1', '::1', '[::1%eth0]', 'é', 'h\n', 'http://h'];
for (const host of [...HOSTS, ...MORE_HOSTS]) {
  test(`checkFraming refuses the Host ${JSON.stringify(host)}`, () => {
    const { reason, detail, hints } = denied(check([['Host', host]]));
    assert.deepEqual([reason, detail], ['request_malformed', NO_HOST]);
    assert.match(hints?.join() ?? '', /"Host: gateway:9091"/);
  });
}

test('checkFraming refuses HTTP/1.1 without a Host and takes HTTP/1.0 without one', () => {
  assert.equal(denied(check([])).detail, NO_HOST);
  assert.equal(check([], '1.0').effect, 'allow');
  assert.equal(denied(check([['Host', '']], '1.0')).detail, NO_HOST);
});

for (const version of ['0.9', '1.2', '2.0', '3.0', '1.10', '']) {
  test(`checkFraming refuses HTTP version ${JSON.stringify(version)}`, () => {
    const { reason, detail } = denied(check([HOST], version));
    assert.deepEqual(
      [reason, detail],
      ['request_malformed', 'only HTTP/1.1 and HTTP/1.0 are spoken here'],
    );
  });
}

const SINGLE: Headers = [
  ['Host', 'h'],
  ['Authorization', 'Basic YTpi'],
  ['Content-Length', '3'],
  ['Content-Type', 'text/plain'],
  ['Content-Encoding', 'gzip'],
  ['Transfer-Encoding', 'chunked'],
  ['Expect', '100-continue'],
];
for (const header of SINGLE) {
  const [name, value] = header;
  const others = name === 'Host' ? [] : [HOST];
  for (const second of [header, [name.toLowerCase(), `other ${value}`], [name, '']] as const) {
    test(`checkFraming refuses two ${name} headers, the other one "${second[0]}: ${second[1]}"`, () => {
      const { reason, detail, hints } = denied(check([...others, header, second]));
      assert.equal(reason, 'request_malformed');
      assert.match(hints?.join() ?? '', /^send one: /);
      assert.equal(detail, `the request has two ${name.toLowerCase()} headers`);
    });
  }
}

const CODINGS = [
  '',
  'identity',
  'gzip',
  'gzip, chunked',
  'chunked, gzip',
  'chunked, identity',
  'chunked, chunked',
  ',chunked',
  'chunked,',
  '"chunked"',
  'xchunked',
  'chunked;a=b',
  ' chunked',
  'chunked\x0c',
];
for (const coding of CODINGS) {
  test(`checkFraming refuses the transfer coding ${JSON.stringify(coding)}`, () => {
    const { reason, detail } = denied(check([HOST, ['Transfer-Encoding', coding]]));
    assert.deepEqual(
      [reason, detail],
      ['request_malformed', 'the only transfer coding is chunked'],
    );
  });
}

test('checkFraming refuses a transfer coding in HTTP/1.0', () => {
  const { reason, detail } = denied(check([['Transfer-Encoding', 'chunked']], '1.0'));
  assert.deepEqual([reason, detail], ['request_malformed', 'HTTP/1.0 has no transfer codings']);
});

test('checkFraming refuses a length beside a transfer coding, in either order', () => {
  const coding = ['Transfer-Encoding', 'chunked'] as const;
  const length = ['Content-Length', '4'] as const;
  for (const headers of [
    [HOST, coding, length],
    [HOST, length, coding],
  ]) {
    const { reason, detail } = denied(check(headers));
    assert.equal(reason, 'request_malformed');
    assert.equal(detail, 'Content-Length beside Transfer-Encoding');
  }
});

const LENGTHS = [
  '',
  ' ',
  '+4',
  '-4',
  '0x4',
  '4 4',
  '4, 4',
  '4,60',
  '4.0',
  '4e1',
  '４',
  '\u0664',
  '4\n',
];
const GREAT_LENGTHS = ['1000000000000000', '9007199254740993', '18446744073709551620'];
for (const length of [...LENGTHS, ...GREAT_LENGTHS]) {
  test(`checkFraming refuses the Content-Length ${JSON.stringify(length)}`, () => {
    const { reason, detail } = denied(check([HOST, ['Content-Length', length]]));
    assert.deepEqual([reason, detail], ['request_malformed', 'Content-Length is not a number']);
  });
}

for (const expect of ['100-continue', '100-CONTINUE']) {
  test(`checkFraming understands "Expect: ${expect}"`, () => {
    const framing = allowed(check([HOST, ['Content-Length', '3'], ['Expect', expect]]));
    assert.deepEqual(framing, { contentLength: 3, expectsContinue: true });
  });
}

for (const expect of ['', '100-continue, foo', '200-ok', '100', 'foo=bar']) {
  test(`checkFraming refuses "Expect: ${expect}"`, () => {
    assert.equal(denied(check([HOST, ['Expect', expect]])).reason, 'expectation_failed');
  });
}
