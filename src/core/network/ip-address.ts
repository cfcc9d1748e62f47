import { isIP } from 'node:net';

/**
 * An IP address in one spelling: an IPv4-mapped IPv6 address is its IPv4 address, any other IPv6
 * address is in its shortest form (RFC 5952).
 */
export interface IpAddress {
  readonly text: string;
  readonly family: 'ipv4' | 'ipv6';
}

/**
 * Reads an address strictly: no port, no brackets, no zone id, no octal or short forms.
 * @returns undefined for anything else
 */
export function parseIpAddress(text: string): IpAddress | undefined {
  if (text.includes('%')) return undefined;
  const family = isIP(text);
  if (family === 0) return undefined;
  if (family === 4) return { text, family: 'ipv4' };
  // The URL parser knows every spelling of an IPv6 address and writes the shortest in hexadecimal.
  const normal = new URL(`http://[${text}]/`).hostname.slice(1, -1);
  const mapped = readMapped(normal);
  return mapped === undefined ? { text: normal, family: 'ipv6' } : { text: mapped, family: 'ipv4' };
}

/** The IPv4 address inside an IPv4-mapped IPv6 address (RFC 4291 section 2.5.5.2). */
function readMapped(normal: string): string | undefined {
  const [, high, low] = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/.exec(normal) ?? [];
  if (high === undefined || low === undefined) return undefined;
  const bits = (Number.parseInt(high, 16) << 16) | Number.parseInt(low, 16);
  return [bits >>> 24, (bits >>> 16) & 255, (bits >>> 8) & 255, bits & 255].join('.');
}

/**
 * Renders what one client has at its command: an IPv4 address, but of IPv6 the network of 64 bits
 * that even a single host gets (RFC 6177).
 */
export function renderSource({ text, family }: IpAddress): string {
  if (family === 'ipv4') return text;
  const [head = '', tail = ''] = text.split('::');
  const [left, right] = [head.split(':').filter(Boolean), tail.split(':').filter(Boolean)];
  const zeros = Array.from({ length: 8 - left.length - right.length }, () => '0');
  return `${[...left, ...zeros, ...right].slice(0, 4).join(':')}::/64`;
}

/** Renders the network that an address is in, as far as one owner is likely to have all of it. */
export function renderNetwork(address: IpAddress): string {
  if (address.family === 'ipv6') return renderSource(address);
  return `${address.text.slice(0, address.text.lastIndexOf('.'))}.0/24`;
}
