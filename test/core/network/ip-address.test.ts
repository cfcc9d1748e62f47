import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseIpAddress } from '../../../src/core/network/ip-address.ts';

const ADDRESSES = [
  ['10.1.2.3', 'ipv4', '10.1.2.3'],
  ['0.0.0.0', 'ipv4', '0.0.0.0'],
  ['255.255.255.255', 'ipv4', '255.255.255.255'],
  ['::ffff:10.1.2.3', 'ipv4', '10.1.2.3'],
  ['::FFFF:10.1.2.3', 'ipv4', '10.1.2.3'],
  ['::ffff:a01:203', 'ipv4', '10.1.2.3'],
  ['0:0:0:0:0:ffff:0a01:0203', 'ipv4', '10.1.2.3'],
  ['::ffff:0:0', 'ipv4', '0.0.0.0'],
  ['::ffff:255.255.255.255', 'ipv4', '255.255.255.255'],
  ['::1', 'ipv6', '::1'],
  ['::', 'ipv6', '::'],
  ['2001:db8::1', 'ipv6', '2001:db8::1'],
  ['2001:DB8:0:0:0:0:0:0001', 'ipv6', '2001:db8::1'],
  ['::10.1.2.3', 'ipv6', '::a01:203'],
  ['::ffff:0:10.1.2.3', 'ipv6', '::ffff:0:a01:203'],
  ['64:ff9b::10.1.2.3', 'ipv6', '64:ff9b::a01:203'],
] as const;
for (const [text, family, shortest] of ADDRESSES) {
  test(`parseIpAddress reads ${text} as the ${family} address ${shortest}`, () => {
    assert.deepEqual(parseIpAddress(text), { text: shortest, family });
  });
}

const NO_ADDRESSES = [
  '',
  'localhost',
  'unknown',
  '_hidden',
  '10.1.2',
  '10.1.2.3.4',
  '010.1.2.3',
  '0x0a.1.2.3',
  '167838211',
  '10.1.2.256',
  '10.1.2.3:80',
  ' 10.1.2.3',
  '10.1.2.3 ',
  '10.1.2.3\n',
  '10.1.2.3/32',
  '[::1]',
  '[::1]:80',
  '::1%eth0',
  'fe80::1%',
  '10.1.2.3%1',
  '::ffff:10.1.2.256',
  '1::2::3',
  '１０.1.2.3',
];
for (const text of NO_ADDRESSES) {
  test(`parseIpAddress does not read ${JSON.stringify(text)}`, () => {
    assert.equal(parseIpAddress(text), undefined);
  });
}
