import { isIP } from 'node:net';
import { isLoopbackHost } from '../engine/loopback.ts';
import type { Finding } from '../engine/problem.ts';
import { matching } from '../engine/values.ts';

export interface ListenAddress {
  /** Empty for every address of the machine. */
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
}

/** `127.0.0.1:9091`, `[::1]:9091`, `:9091` for every address. */
export const listenAddress = matching(
  /^(?:[A-Za-z0-9.-]*|\[[0-9A-Fa-f:.]+\]):[0-9]{1,5}$/,
  'must be an address such as 127.0.0.1:9091 or [::1]:9091',
);

/** `listen`. */
export const listen = listenAddress.default('127.0.0.1:9091').describe('the public side');

/** Reads `127.0.0.1:9091`, `[::1]:9091` or `:9091`, which the schema let pass. */
export function parseListenAddress(text: string): ListenAddress {
  const colon = text.lastIndexOf(':');
  const host = text.slice(0, colon).replace(/^\[|\]$/g, '');
  return { host, port: Number(text.slice(colon + 1)) };
}

/** Checks the address of the public side. */
export function checkListen(address: string, hasTls: boolean): readonly Finding[] {
  const path = ['listen'];
  const findings = [...checkAddress(path, address)];
  if (!hasTls && !isLoopback(address)) {
    const message = 'is reachable from outside without tls: credentials cross the network in clear';
    findings.push({ severity: 'warning', path, message });
  }
  return findings;
}

/** Checks that an address can be one. */
export function checkAddress(path: readonly PropertyKey[], address: string): readonly Finding[] {
  const { host, port } = parseListenAddress(address);
  const message = port > 65_535 ? `there is no port ${port}` : explainHost(host);
  return message === undefined ? [] : [{ severity: 'error', path, message }];
}

function explainHost(host: string): string | undefined {
  const looksLikeIp = /^[\d.]+$/.test(host) || host.includes(':');
  return looksLikeIp && isIP(host) === 0 ? `${host} is not an IP address` : undefined;
}

/** Whether nobody outside of the machine reaches an address. */
export function isLoopback(address: string): boolean {
  return isLoopbackHost(parseListenAddress(address).host);
}
