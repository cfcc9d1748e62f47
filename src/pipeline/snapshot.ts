import type { NetworkSet } from '../core/network/network-set.ts';
import type { Policy } from '../core/policy/policy.ts';
import type { Authenticator } from './ports.ts';

/**
 * Everything about the configuration that a request needs, compiled and frozen. A request reads
 * the current one once and ends under it; a reload puts another in its place.
 */
export interface Snapshot {
  readonly configHash: string;
  /** Also taken in front of every public path; empty for none. */
  readonly pathPrefix: string;
  readonly trustedProxies: NetworkSet;
  /** Undefined admits every network. */
  readonly allowNetworks: NetworkSet | undefined;
  readonly denyNetworks: NetworkSet;
  readonly policy: Policy;
  /** Asked in this order. */
  readonly authenticators: readonly Authenticator[];
  /** `WWW-Authenticate`, a value for each configured scheme. */
  readonly challenges: readonly string[];
  readonly bodyTimeoutMs: number;
  /** Of one chunked body. */
  readonly bodyChunks: number;
  /** From the arrival of the whole request to the end of the upstream's answer. */
  readonly upstreamTimeoutMs: number;
}
