import { allow, type Decision, deny } from '../decision.ts';
import { type IpAddress, parseIpAddress } from './ip-address.ts';
import type { NetworkSet } from './network-set.ts';

/**
 * Finds the address that a request comes from: the peer, or, where the peer is a trusted proxy,
 * the nearest address of `X-Forwarded-For` that no trusted proxy has, read from the right over all
 * header lines. A part that does not parse denies: what a trusted proxy wrote is never guessed at.
 * @param peer - address of the other end of the socket
 * @param forwardedFor - the `X-Forwarded-For` lines in the order of the request
 */
export function resolveClientAddress(
  peer: IpAddress,
  forwardedFor: readonly string[],
  trustedProxies: NetworkSet,
): Decision<IpAddress> {
  if (forwardedFor.length === 0 || !trustedProxies.contains(peer)) return allow(peer);
  const hops = forwardedFor.join(',').split(',');
  let nearest = peer;
  while (hops.length > 0 && trustedProxies.contains(nearest)) {
    const hop = parseIpAddress((hops.pop() ?? '').trim());
    if (hop === undefined) {
      return deny('network_not_allowed', {
        internal: 'X-Forwarded-For has a part that is no address',
      });
    }
    nearest = hop;
  }
  return allow(nearest);
}

/** Reads the address of a socket's other end, whose zone id, if any, the kernel wrote. */
export function parsePeerAddress(text: string | undefined): IpAddress | undefined {
  if (text === undefined) return undefined;
  return parseIpAddress(text.includes('%') ? text.replace(/%.*$/, '') : text);
}
