import type { CredentialKind } from '../core/identity/principal.ts';
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
  /** The team of requests without a credential; undefined refuses them. */
  readonly anonymousTeam?: string | undefined;
  /** Asked in this order. */
  readonly authenticators: readonly Authenticator[];
  /** `WWW-Authenticate`, a value for each configured scheme. */
  readonly challenges: readonly string[];
  /** The page for people; undefined when there is none. */
  readonly ui: UiSettings | undefined;
  /** What every team can prove itself by, without a secret. */
  readonly credentials: readonly CredentialFacts[];
  readonly bodyTimeoutMs: number;
  /** Of one chunked body. */
  readonly bodyChunks: number;
}

interface UiSettings {
  readonly sessionMs: number;
  /** Address of the public side as browsers see it, without a slash at the end. */
  readonly url: string | undefined;
  readonly contact: string | undefined;
}

/** What is known of a credential but its secret. */
export interface CredentialFacts {
  readonly team: string;
  readonly name: string;
  readonly kind: CredentialKind;
  /** Milliseconds since the epoch. */
  readonly expires: number | undefined;
  /** The same as long as it is the same credential: a digest of all that proves it. */
  readonly identity: string;
}
