import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compileNetworks } from '../../src/core/network/network-set.ts';
import { checkNetworks, locateClient } from '../../src/pipeline/locate-client.ts';
import { allowed, denied } from '../support/decision.ts';
import { gatewayRequest } from '../support/gateway-request.ts';

interface Networks {
  readonly allow?: readonly string[];
  readonly deny?: readonly string[];
  readonly trusted?: readonly string[];
}

function locate(
  peerAddress: string | undefined,
  networks: Networks,
  forwardedFor: readonly string[] = [],
) {
  const { allow, deny = [], trusted = [] } = networks;
  const rules = {
    trustedProxies: compileNetworks(trusted),
    allowNetworks: allow && compileNetworks(allow),
    denyNetworks: compileNetworks(deny),
  };
  const request = gatewayRequest({ peerAddress, headers: { forwardedFor } });
  const client = locateClient(request, rules);
  if (client.effect === 'deny') return client;
  const reachable = checkNetworks(client.value, rules);
  return reachable.effect === 'deny' ? reachable : client;
}

const LAN: Networks = { allow: ['10.0.0.0/8', 'fd00::/8'] };
const BEHIND_PROXY: Networks = { allow: ['10.0.0.0/8'], trusted: ['127.0.0.1'] };

type Case = readonly [
  peer: string,
  networks: Networks,
  forwardedFor: readonly string[],
  client: string | undefined,
];

const CASES: readonly Case[] = [
  ['192.0.2.1', {}, [], '192.0.2.1'],
  ['10.1.2.3', LAN, [], '10.1.2.3'],
  ['::ffff:10.1.2.3', LAN, [], '10.1.2.3'],
  ['fd00::1', LAN, [], 'fd00::1'],
  ['fe80::1%eth0', { allow: ['fe80::/10'] }, [], 'fe80::1'],
  ['192.0.2.1', LAN, [], undefined],
  ['::1', LAN, [], undefined],
  ['192.0.2.1', { allow: [] }, [], undefined],
  ['192.0.2.1', { deny: ['192.0.2.0/24'] }, [], undefined],
  ['::ffff:192.0.2.1', { deny: ['192.0.2.0/24'] }, [], undefined],
  ['10.1.2.3', { ...LAN, deny: ['10.1.0.0/16'] }, [], undefined],
  ['10.2.2.3', { ...LAN, deny: ['10.1.0.0/16'] }, [], '10.2.2.3'],
  ['192.0.2.1', LAN, ['10.1.2.3'], undefined],
  ['127.0.0.1', BEHIND_PROXY, ['10.1.2.3'], '10.1.2.3'],
  ['127.0.0.1', BEHIND_PROXY, ['10.1.2.3, 192.0.2.1'], undefined],
  ['127.0.0.1', BEHIND_PROXY, ['10.1.2.3', '192.0.2.1'], undefined],
  ['127.0.0.1', BEHIND_PROXY, ['192.0.2.1, 10.1.2.3'], '10.1.2.3'],
  ['127.0.0.1', BEHIND_PROXY, ['::ffff:8.8.8.8'], undefined],
  ['127.0.0.1', BEHIND_PROXY, [], undefined],
  ['127.0.0.1', { trusted: ['127.0.0.1'] }, ['garbage'], undefined],
];
for (const [peer, networks, forwardedFor, client] of CASES) {
  const says = forwardedFor.length === 0 ? '' : ` which says "${forwardedFor.join('" and "')}"`;
  const rules = JSON.stringify(networks);
  test(`a request ${client ? `comes from ${client}` : 'is denied'} at ${peer}${says} under ${rules}`, () => {
    const decision = locate(peer, networks, forwardedFor);
    if (client === undefined) assert.equal(denied(decision).reason, 'network_not_allowed');
    else assert.equal(allowed(decision).text, client);
  });
}

for (const peer of [undefined, '', 'garbage']) {
  test(`locateClient denies a peer whose address is ${JSON.stringify(peer)}, deny-list or not`, () => {
    assert.equal(denied(locate(peer, {})).reason, 'network_not_allowed');
  });
}
