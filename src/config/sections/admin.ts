import { z } from 'zod';
import type { Finding } from '../engine/problem.ts';
import { matching } from '../engine/values.ts';
import {
  checkAddress,
  isLoopback,
  type ListenAddress,
  listenAddress,
  parseListenAddress,
} from './listen.ts';

/** A name alone, as it stands in a `Host` header before the port. */
const hostName = matching(/^[A-Za-z0-9._-]{1,253}$/, 'must be a host name without a port');

/** `admin`. */
export const admin = z
  .strictObject({
    listen: z
      .union([z.literal('off'), listenAddress])
      .default('127.0.0.1:9095')
      .describe('off: there is no admin side'),
    hosts: z
      .array(hostName)
      .default([])
      .describe('names that the admin side goes by, beside addresses and localhost'),
  })
  .prefault({})
  .describe('metrics, health and reload, for the operator');

/** The admin side, where there is one. */
export interface AdminConfig extends ListenAddress {
  /** Lower case. */
  readonly hosts: readonly string[];
}

type RawAdmin = z.output<typeof admin>;

/** @returns undefined when there is no admin side */
export function resolveAdmin(raw: RawAdmin): AdminConfig | undefined {
  if (raw.listen === 'off') return undefined;
  const hosts = raw.hosts.map((name) => name.toLowerCase());
  return { ...parseListenAddress(raw.listen), hosts };
}

/** Checks the address of the admin side, also against that of the public one. */
export function checkAdmin({ listen }: RawAdmin, publicAddress: string): readonly Finding[] {
  if (listen === 'off') return [];
  const path = ['admin', 'listen'];
  const findings = [...checkAddress(path, listen)];
  if (collide(publicAddress, listen)) {
    const message = 'is the address of the public side too';
    findings.push({ severity: 'error', path, message });
  }
  if (!isLoopback(listen)) {
    const message = 'is reachable from outside and asks for no credential';
    findings.push({ severity: 'warning', path, message });
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
