import { isIP } from 'node:net';
import { parseListenAddress } from './listen-address.ts';
import { isLoopbackHost } from './loopback.ts';
import type { Finding } from './problem.ts';
import type { RawConfig } from './schema.ts';

/** Checks where the gateway listens and where it forwards to. */
export function checkAddresses(config: RawConfig): readonly Finding[] {
  const { listen, admin } = config;
  return [
    ...checkListen(['listen'], listen),
    ...(admin.listen === 'off' ? [] : checkListen(['admin', 'listen'], admin.listen)),
    ...checkExposure(config),
    ...checkUpstream(config),
  ];
}

function checkListen(path: readonly PropertyKey[], address: string): readonly Finding[] {
  const { host, port } = parseListenAddress(address);
  const message = port > 65_535 ? `there is no port ${port}` : explainHost(host);
  return message === undefined ? [] : [{ severity: 'error', path, message }];
}

function explainHost(host: string): string | undefined {
  const looksLikeIp = /^[\d.]+$/.test(host) || host.includes(':');
  return looksLikeIp && isIP(host) === 0 ? `${host} is not an IP address` : undefined;
}

function checkExposure({ listen, admin, tls }: RawConfig): readonly Finding[] {
  const findings: Finding[] = [];
  if (admin.listen !== 'off' && collide(listen, admin.listen)) {
    const message = 'is the address of the public side too';
    findings.push({ severity: 'error', path: ['admin', 'listen'], message });
  }
  if (tls === undefined && !isLoopback(listen)) {
    const message = 'is reachable from outside without tls: credentials cross the network in clear';
    findings.push({ severity: 'warning', path: ['listen'], message });
  }
  if (admin.listen !== 'off' && !isLoopback(admin.listen)) {
    const message = 'is reachable from outside and asks for no credential';
    findings.push({ severity: 'warning', path: ['admin', 'listen'], message });
  }
  return findings;
}

/** Hosts that stand for every address of the machine. */
const WILDCARDS: ReadonlySet<string> = new Set(['', '::', '0.0.0.0']);

/** Whether only one of two addresses can be had. */
function collide(one: string, other: string): boolean {
  const a = parseListenAddress(one);
  const b = parseListenAddress(other);
  if (a.port !== b.port || a.port === 0) return false;
  return a.host === b.host || WILDCARDS.has(a.host) || WILDCARDS.has(b.host);
}

function isLoopback(listen: string): boolean {
  return isLoopbackHost(parseListenAddress(listen).host);
}

function checkUpstream({ upstream }: RawConfig): readonly Finding[] {
  const path = ['upstream'];
  const { url, spawn } = upstream;
  if ((url === undefined) === (spawn === undefined)) {
    return [{ severity: 'error', path, message: 'needs either url or spawn' }];
  }
  const message = url === undefined ? undefined : explainUrl(url);
  if (message !== undefined) return [{ severity: 'error', path: [...path, 'url'], message }];
  if (upstream.basic_auth === undefined || url === undefined || isPrivate(url)) return [];
  const warning = 'is not https: the password crosses the network in clear';
  return [{ severity: 'warning', path: [...path, 'url'], message: warning }];
}

/** Whether nobody between here and the upstream can read along. */
function isPrivate(text: string): boolean {
  const { protocol, hostname } = new URL(text);
  return protocol === 'https:' || isLoopbackHost(hostname.replace(/^\[|\]$/g, ''));
}

function explainUrl(text: string): string | undefined {
  // The URL parser repairs much and drops a query that is empty; here the text itself must be one.
  if (!/^[a-z]+:\/\/[^\s/\\]+/i.test(text) || /\s/.test(text) || !URL.canParse(text)) {
    return 'is not a URL, such as http://127.0.0.1:9092';
  }
  const url = new URL(text);
  if (url.protocol !== 'http:' && url.protocol !== 'https:') return 'must begin with http or https';
  if (url.username !== '' || url.password !== '') {
    return 'must not hold a credential: use upstream.basic_auth';
  }
  return /[?#]/.test(text) ? 'must have no query and no fragment' : undefined;
}
