import { BlockList } from 'node:net';
import { type IpAddress, parseIpAddress } from './ip-address.ts';

/** A set of networks, compiled once. */
export interface NetworkSet {
  contains(address: IpAddress): boolean;
}

/** A network as it is written: bits behind the prefix may be set. */
export interface Cidr {
  readonly address: IpAddress;
  readonly prefix: number;
}

/**
 * Reads `10.0.0.0/8`, `fd00::/8`, or an address alone for a network of one. A mapped IPv6 network
 * becomes its IPv4 network.
 * @returns undefined for anything else
 */
export function parseCidr(text: string): Cidr | undefined {
  const [, host = '', digits] = /^([^/]+)(?:\/(\d{1,3}))?$/.exec(text) ?? [];
  const address = parseIpAddress(host);
  if (address === undefined) return undefined;
  const isMapped = address.family === 'ipv4' && host.includes(':');
  const bits = address.family === 'ipv4' ? 32 : 128;
  const prefix = digits === undefined ? bits : Number(digits) - (isMapped ? 96 : 0);
  return prefix >= 0 && prefix <= bits ? { address, prefix } : undefined;
}

const NO_NETWORKS: NetworkSet = { contains: () => false };

/**
 * Compiles CIDRs. An IPv6 network holds no IPv4 address, `::/0` included.
 * @throws TypeError for text that `parseCidr` does not read; the configuration is checked before
 */
export function compileNetworks(cidrs: readonly string[]): NetworkSet {
  if (cidrs.length === 0) return NO_NETWORKS;
  // In one list an IPv6 network would also hold the IPv4 addresses that can be mapped into it.
  const lists = { ipv4: new BlockList(), ipv6: new BlockList() };
  for (const text of cidrs) {
    const cidr = parseCidr(text);
    if (cidr === undefined) throw new TypeError(`${text} is not a CIDR`);
    const { address, prefix } = cidr;
    lists[address.family].addSubnet(address.text, prefix, address.family);
  }
  return { contains: ({ text, family }) => lists[family].check(text, family) };
}
