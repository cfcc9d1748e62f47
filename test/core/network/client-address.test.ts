import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Decision } from '../../../src/core/decision.ts';
import {
  parsePeerAddress,
  resolveClientAddress,
} from '../../../src/core/network/client-address.ts';
import type { IpAddress } from '../../../src/core/network/ip-address.ts';
import { compileNetworks } from '../../../src/core/network/network-set.ts';
import { allowed, denied } from '../../support/decision.ts';

const PROXIES = compileNetworks(['10.0.0.0/8', 'fd00::/8']);

function resolve(peer: string, forwardedFor: readonly string[]): Decision<IpAddress> {
  const address = parsePeerAddress(peer);
  assert.ok(address);
  return resolveClientAddress(address, forwardedFor, PROXIES);
}

type Case = readonly [what: string, peer: string, lines: readonly string[], client: string];

const RESOLVED: readonly Case[] = [
  ['the peer without a header', '192.0.2.1', [], '192.0.2.1'],
  ['a trusted peer without a header', '10.0.0.1', [], '10.0.0.1'],
  ['an untrusted peer, whatever it claims', '192.0.2.1', ['198.51.100.7'], '192.0.2.1'],
  ['an untrusted peer beside garbage', '192.0.2.1', ['garbage', ''], '192.0.2.1'],
  ['the one hop of a trusted peer', '10.0.0.1', ['198.51.100.7'], '198.51.100.7'],
  ['the rightmost hop', '10.0.0.1', ['203.0.113.9, 198.51.100.7'], '198.51.100.7'],
  ['the rightmost hop, never garbage left of it', '10.0.0.1', ['x, 198.51.100.7'], '198.51.100.7'],
  ['the hop before trusted ones', '10.0.0.1', ['203.0.113.9, 10.2.2.2, 10.3.3.3'], '203.0.113.9'],
  ['the last hop of the last line', '10.0.0.1', ['203.0.113.9', '198.51.100.7'], '198.51.100.7'],
  ['a hop of an earlier line', '10.0.0.1', ['203.0.113.9', '10.2.2.2'], '203.0.113.9'],
  ['the leftmost hop when all are trusted', '10.0.0.1', ['10.2.2.2', '10.3.3.3'], '10.2.2.2'],
  ['hops without spaces', '10.0.0.1', ['203.0.113.9,10.2.2.2'], '203.0.113.9'],
  ['hops with tabs and spaces', '10.0.0.1', ['203.0.113.9 ,\t10.2.2.2 '], '203.0.113.9'],
  ['an IPv6 hop', 'fd00::1', ['2001:DB8::1'], '2001:db8::1'],
  ['a mapped hop as IPv4', '10.0.0.1', ['::ffff:198.51.100.7'], '198.51.100.7'],
  ['a hop before a mapped proxy', '10.0.0.1', ['203.0.113.9, ::ffff:10.2.2.2'], '203.0.113.9'],
  ['a hop told by a mapped peer', '::ffff:10.0.0.1', ['198.51.100.7'], '198.51.100.7'],
  ['a mapped peer as IPv4', '::ffff:192.0.2.1', [], '192.0.2.1'],
];
for (const [what, peer, lines, client] of RESOLVED) {
  test(`resolveClientAddress finds ${what}`, () => {
    assert.equal(allowed(resolve(peer, lines)).text, client);
  });
}

const UNREADABLE = [
  [''],
  [' '],
  [', , ,'],
  ['198.51.100.7,'],
  ['198.51.100.7', ''],
  ['garbage'],
  ['unknown'],
  ['_hidden'],
  ['198.51.100.7:10'],
  ['[2001:db8::1]:80'],
  ['[2001:db8::1]'],
  ['fe80::1%eth0'],
  ['10.2.3.4 198.51.100.7'],
  ['010.2.3.4'],
  ['"198.51.100.7"'],
  ['198.51.100.7;x'],
  ['garbage, 10.2.2.2'],
  ['garbage', '10.2.2.2'],
];
for (const lines of UNREADABLE) {
  test(`resolveClientAddress denies ${JSON.stringify(lines)} told by a trusted proxy`, () => {
    const { reason, internal, detail } = denied(resolve('10.0.0.1', lines));
    assert.equal(reason, 'network_not_allowed');
    assert.equal(internal, 'X-Forwarded-For has a part that is no address');
    assert.equal(detail, undefined);
  });
}

test('resolveClientAddress reads a chain of thousands of trusted hops', () => {
  const chain = ['203.0.113.9', ...Array<string>(10_000).fill('10.2.2.2')].join(', ');
  assert.equal(allowed(resolve('10.0.0.1', [chain])).text, '203.0.113.9');
});

test('parsePeerAddress drops the zone id that the kernel wrote', () => {
  assert.equal(parsePeerAddress('fe80::1%eth0')?.text, 'fe80::1');
});

test('parsePeerAddress knows no address of a socket that has none', () => {
  assert.equal(parsePeerAddress(undefined), undefined);
  assert.equal(parsePeerAddress(''), undefined);
});
