import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseIpAddress } from '../../../src/core/network/ip-address.ts';
import { compileNetworks, parseCidr } from '../../../src/core/network/network-set.ts';

const CIDRS = [
  ['10.0.0.0/8', '10.0.0.0', 'ipv4', 8],
  ['10.1.2.3', '10.1.2.3', 'ipv4', 32],
  ['0.0.0.0/0', '0.0.0.0', 'ipv4', 0],
  ['fd00::/8', 'fd00::', 'ipv6', 8],
  ['::1', '::1', 'ipv6', 128],
  ['::/0', '::', 'ipv6', 0],
  ['::ffff:10.0.0.0/104', '10.0.0.0', 'ipv4', 8],
  ['::ffff:10.1.2.3', '10.1.2.3', 'ipv4', 32],
  ['::ffff:0:0/96', '0.0.0.0', 'ipv4', 0],
] as const;
for (const [cidr, text, family, prefix] of CIDRS) {
  test(`parseCidr reads ${cidr} as ${text}/${prefix}`, () => {
    assert.deepEqual(parseCidr(cidr), { address: { text, family }, prefix });
  });
}

const NO_CIDRS = [
  '',
  '/8',
  '10.0.0.0/',
  '10.0.0.0/33',
  '10.0.0.0/-1',
  '10.0.0.0/8/8',
  '10.0.0.0/255.0.0.0',
  '10/8',
  'fd00::/129',
  'fe80::%eth0/64',
  '::ffff:10.0.0.0/95',
  'localhost/8',
  ' 10.0.0.0/8',
];
for (const cidr of NO_CIDRS) {
  test(`parseCidr does not read ${JSON.stringify(cidr)}, and compileNetworks throws on it`, () => {
    assert.equal(parseCidr(cidr), undefined);
    assert.throws(() => compileNetworks([cidr]), {
      name: 'TypeError',
      message: `${cidr} is not a CIDR`,
    });
  });
}

const MEMBERS: readonly (readonly [cidrs: readonly string[], address: string, is: boolean])[] = [
  [['10.0.0.0/8'], '10.255.0.1', true],
  [['10.0.0.0/8'], '11.0.0.0', false],
  [['10.9.9.9/8'], '10.1.2.3', true],
  [['10.1.2.3'], '10.1.2.3', true],
  [['10.1.2.3'], '10.1.2.4', false],
  [['10.0.0.0/8'], '::ffff:10.1.2.3', true],
  [['10.0.0.0/8'], '::ffff:11.1.2.3', false],
  [['10.0.0.0/8'], '::10.1.2.3', false],
  [['::ffff:10.0.0.0/104'], '10.1.2.3', true],
  [['::ffff:0:0/96'], '192.0.2.1', true],
  [['::ffff:0:0/96'], '2001:db8::1', false],
  [['fd00::/8'], 'fd12::1', true],
  [['fd00::/8'], 'fe80::1', false],
  [['::1'], '::1', true],
  [['::1'], '0:0:0:0:0:0:0:1', true],
  [['0.0.0.0/0'], '192.0.2.1', true],
  [['0.0.0.0/0'], '::1', false],
  [['::/0'], '2001:db8::1', true],
  [['::/0'], '192.0.2.1', false],
  [['::/0'], '::ffff:192.0.2.1', false],
  [['::/8'], '10.1.2.3', false],
  [['192.0.2.0/24', 'fd00::/8'], 'fd00::1', true],
  [['192.0.2.0/24', 'fd00::/8'], '192.0.2.77', true],
  [[], '127.0.0.1', false],
];
for (const [cidrs, text, isMember] of MEMBERS) {
  test(`the networks [${cidrs}] ${isMember ? 'hold' : 'do not hold'} ${text}`, () => {
    const address = parseIpAddress(text);
    assert.ok(address);
    assert.equal(compileNetworks(cidrs).contains(address), isMember);
  });
}
