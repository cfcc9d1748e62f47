import type { IpAddress } from './ip-address.ts';
import { compileNetworks } from './network-set.ts';

/** Connections after which one single peer is no coincidence. */
const ENOUGH_CONNECTIONS = 100;

/** @see RFC 1918, RFC 4193, RFC 6598, RFC 3927, RFC 4291 section 2.5.6 */
const PRIVATE = compileNetworks([
  '10.0.0.0/8',
  '172.16.0.0/12',
  '192.168.0.0/16',
  '100.64.0.0/10',
  '169.254.0.0/16',
  'fc00::/7',
  'fe80::/10',
]);

/**
 * Watches for a sign that client addresses are hidden: Docker's published ports and Kubernetes'
 * source NAT make every connection come from one private address, and an allow-list then allows
 * everybody or nobody.
 * @returns a function that takes each peer and once, if ever, returns the one that all share
 */
export function createSharedPeerWatch(): (peer: IpAddress) => IpAddress | undefined {
  let only: IpAddress | undefined;
  let seen = 0;
  let isOver = false;
  return (peer) => {
    if (isOver) return undefined;
    only ??= peer;
    seen += 1;
    if (peer.text !== only.text) {
      isOver = true;
      return undefined;
    }
    if (seen < ENOUGH_CONNECTIONS) return undefined;
    isOver = true;
    return PRIVATE.contains(only) ? only : undefined;
  };
}
