import { isIP } from 'node:net';
import { parseIpAddress } from '../../core/network/ip-address.ts';
import { compileNetworks } from '../../core/network/network-set.ts';

const LOOPBACK = compileNetworks(['127.0.0.0/8', '::1']);

/** Whether nobody but this machine is at the host of a URL. */
export function isLoopbackUrl({ hostname }: URL): boolean {
  return isLoopbackHost(hostname.replace(/^\[|\]$/g, ''));
}

/** Whether a host, an address without brackets or a name, is this machine and no other. */
export function isLoopbackHost(host: string): boolean {
  if (isIP(host) === 0) return host === 'localhost';
  const address = parseIpAddress(host);
  return address !== undefined && LOOPBACK.contains(address);
}
