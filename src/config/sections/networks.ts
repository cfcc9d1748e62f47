import { z } from 'zod';
import type { IpAddress } from '../../core/network/ip-address.ts';
import { type Cidr, parseCidr } from '../../core/network/network-set.ts';
import { findNearest } from '../engine/nearest.ts';
import type { Finding } from '../engine/problem.ts';
import * as value from '../engine/values.ts';

/** `trusted_proxies`, `networks`, `allow_networks`, `deny_networks`. */
export const networkKeys = {
  trusted_proxies: z.array(z.string()).default([]).describe('may speak for others'),
  networks: z.record(value.name, z.array(z.string())).default({}).describe('named sets of CIDRs'),
  allow_networks: z.array(z.string()).optional().describe('left out: every network'),
  deny_networks: z.array(z.string()).default([]).describe('wins over allow'),
} as const;

type RawNetworks = z.output<z.ZodObject<typeof networkKeys>>;

/** Puts the CIDRs in the place of each name. */
export function expandNetworks(
  names: readonly string[],
  networks: RawNetworks['networks'],
): readonly string[] {
  return names.flatMap((nameOrCidr) => networks[nameOrCidr] ?? nameOrCidr);
}

/** Checks every CIDR, and every name of a network that stands where one may. */
export function checkNetworks(raw: RawNetworks): readonly Finding[] {
  const { networks, trusted_proxies: proxies, deny_networks: denied } = raw;
  return [
    ...checkList(['trusted_proxies'], proxies, []),
    ...checkTrust(proxies),
    ...Object.entries(networks).flatMap(([name, list]) => checkList(['networks', name], list, [])),
    ...checkAllowed(['allow_networks'], raw.allow_networks, networks),
    ...checkList(['deny_networks'], denied, Object.keys(networks)),
  ];
}

/** Whoever may speak for others chooses the address that every other rule is about. */
function checkTrust(proxies: readonly string[]): readonly Finding[] {
  return proxies.flatMap((entry, index): Finding[] => {
    if (parseCidr(entry)?.prefix !== 0) return [];
    const message = `"${entry}" trusts everybody: any client can pretend to have any address`;
    return [{ severity: 'warning', path: ['trusted_proxies', index], message }];
  });
}

/** Checks an `allow_networks`, that of the whole or that of a team. */
export function checkAllowed(
  path: readonly PropertyKey[],
  list: readonly string[] | undefined,
  networks: RawNetworks['networks'],
): readonly Finding[] {
  if (list?.length !== 0) return checkList(path, list ?? [], Object.keys(networks));
  const message = 'is empty: no network is allowed; leave it out to allow every one';
  return [{ severity: 'warning', path, message }];
}

function checkList(
  path: readonly PropertyKey[],
  list: readonly string[],
  names: readonly string[],
): readonly Finding[] {
  return list.flatMap((entry, index): Finding[] => {
    if (names.includes(entry)) return [];
    const place = [...path, index];
    const cidr = parseCidr(entry);
    if (cidr === undefined) {
      return [{ severity: 'error', path: place, message: explain(entry, names) }];
    }
    if (!hasHostBits(cidr)) return [];
    const message = `"${entry}" has bits set behind its prefix: they do not count`;
    return [{ severity: 'warning', path: place, message }];
  });
}

function explain(entry: string, names: readonly string[]): string {
  const nearest = findNearest(entry, names);
  if (nearest !== undefined) return `unknown network "${entry}", did you mean "${nearest}"?`;
  const what = names.length > 0 ? 'neither a CIDR nor one of `networks`' : 'not a CIDR';
  return `"${entry}" is ${what}, such as 10.0.0.0/8 or fd00::/8`;
}

/** `10.0.0.1/8` is `10.0.0.0/8`, or another network was meant. */
function hasHostBits(cidr: Cidr): boolean {
  const hostBits = BigInt((cidr.address.family === 'ipv4' ? 32 : 128) - cidr.prefix);
  return (toNumber(cidr.address) & ((1n << hostBits) - 1n)) !== 0n;
}

function toNumber({ text, family }: IpAddress): bigint {
  if (family === 'ipv4') {
    return text.split('.').reduce((number, part) => (number << 8n) | BigInt(part), 0n);
  }
  const [head = [], tail = []] = text.split('::').map((part) => part.split(':').filter(Boolean));
  const zeros = Array.from({ length: 8 - head.length - tail.length }, () => '0');
  const groups = [...head, ...zeros, ...tail];
  return groups.reduce((number, group) => (number << 16n) | BigInt(`0x${group}`), 0n);
}
