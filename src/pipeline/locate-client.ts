import { allow, type Decision, deny } from '../core/decision.ts';
import { parsePeerAddress, resolveClientAddress } from '../core/network/client-address.ts';
import type { IpAddress } from '../core/network/ip-address.ts';
import type { GatewayRequest } from './gateway-request.ts';
import type { Snapshot } from './snapshot.ts';

/** Finds the address a request comes from; one that cannot be told is `network_not_allowed`. */
export function locateClient(
  request: GatewayRequest,
  { trustedProxies }: Pick<Snapshot, 'trustedProxies'>,
): Decision<IpAddress> {
  const peer = parsePeerAddress(request.peerAddress);
  return peer === undefined
    ? deny('network_not_allowed', { internal: 'the peer has no address' })
    : resolveClientAddress(peer, request.headers.forwardedFor, trustedProxies);
}

/** Holds an address against the networks of the gateway; a team's own come with its policy. */
export function checkNetworks(
  client: IpAddress,
  { allowNetworks, denyNetworks }: Pick<Snapshot, 'allowNetworks' | 'denyNetworks'>,
): Decision<undefined> {
  const isAllowed = allowNetworks === undefined || allowNetworks.contains(client);
  return isAllowed && !denyNetworks.contains(client)
    ? allow(undefined)
    : deny('network_not_allowed');
}

/** Whom a trusted proxy speaks for; undefined for a client that speaks for itself. */
export function findProxiedClient(
  request: GatewayRequest,
  snapshot: Pick<Snapshot, 'trustedProxies'>,
): IpAddress | undefined {
  if (request.headers.forwardedFor.length === 0) return undefined;
  const client = locateClient(request, snapshot);
  const isProxied = client.effect === 'allow' && client.value.text !== request.peerAddress;
  return isProxied ? client.value : undefined;
}
