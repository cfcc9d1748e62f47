import { type Decision, deny } from '../core/decision.ts';
import { parsePeerAddress, resolveClientAddress } from '../core/network/client-address.ts';
import type { IpAddress } from '../core/network/ip-address.ts';
import type { GatewayRequest } from './gateway-request.ts';
import type { Snapshot } from './snapshot.ts';

type NetworkRules = Pick<Snapshot, 'trustedProxies' | 'allowNetworks' | 'denyNetworks'>;

/** Finds the address a request comes from and holds it against the networks of the gateway. */
export function locateClient(request: GatewayRequest, rules: NetworkRules): Decision<IpAddress> {
  const peer = parsePeerAddress(request.peerAddress);
  if (peer === undefined) {
    return deny('network_not_allowed', { internal: 'the peer has no address' });
  }
  const { trustedProxies, allowNetworks, denyNetworks } = rules;
  const client = resolveClientAddress(peer, request.headers.forwardedFor, trustedProxies);
  if (client.effect === 'deny') return client;
  const isAllowed = allowNetworks === undefined || allowNetworks.contains(client.value);
  if (!isAllowed || denyNetworks.contains(client.value)) return deny('network_not_allowed');
  return client;
}
