import { isIP } from 'node:net';
import { parseIpAddress } from '../core/ip-address.ts';
import { compileNetworks } from '../core/network-set.ts';
import type { Finding } from './problem.ts';
import type { RawConfig } from './schema.ts';

const LOOPBACK = compileNetworks(['127.0.0.0/8', '::1']);

/** Checks where the gateway listens and where it forwards to. */
export function checkAddresses(config: RawConfig): readonly Finding[] {
  const { listen, admin } = config;
  return [
    ...checkPort(['listen'], listen),
    ...(admin.listen === 'off' ? [] : checkPort(['admin', 'listen'], admin.listen)),
    ...checkExposure(config),
    ...checkUpstream(config),
  ];
}

function checkPort(path: readonly PropertyKey[], address: string): readonly Finding[] {
  const port = Number(address.slice(address.lastIndexOf(':') + 1));
  return port <= 65_535 ? [] : [{ severity: 'error', path, message: `there is no port ${port}` }];
}

function checkExposure({ listen, admin, tls }: RawConfig): readonly Finding[] {
  const findings: Finding[] = [];
  if (admin.listen === listen && !listen.endsWith(':0')) {
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

function isLoopback(listen: string): boolean {
  const host = listen.slice(0, listen.lastIndexOf(':')).replace(/^\[|\]$/g, '');
  if (isIP(host) === 0) return host === 'localhost';
  const address = parseIpAddress(host);
  return address !== undefined && LOOPBACK.contains(address);
}

function checkUpstream({ upstream }: RawConfig): readonly Finding[] {
  const path = ['upstream'];
  const { url, spawn } = upstream;
  if ((url === undefined) === (spawn === undefined)) {
    return [{ severity: 'error', path, message: 'needs either url or spawn' }];
  }
  const message = url === undefined ? undefined : explainUrl(url);
  return message ? [{ severity: 'error', path: [...path, 'url'], message }] : [];
}

function explainUrl(text: string): string | undefined {
  if (!URL.canParse(text)) return 'is not a URL, such as http://127.0.0.1:9092';
  const url = new URL(text);
  if (url.protocol !== 'http:' && url.protocol !== 'https:') return 'must begin with http or https';
  if (url.username !== '' || url.password !== '') {
    return 'must not hold a credential: use upstream.basic_auth';
  }
  return url.search === '' && url.hash === '' ? undefined : 'must have no query and no fragment';
}
