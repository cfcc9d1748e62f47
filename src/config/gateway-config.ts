import type { IssuerSpec } from '../core/identity/issuer.ts';
import type { TeamSpec } from '../core/policy/policy-spec.ts';
import type { AdminConfig } from './sections/admin.ts';
import type { AuditConfig } from './sections/audit.ts';
import type { FailuresConfig } from './sections/failures.ts';
import type { JanitorConfig } from './sections/janitor.ts';
import type { ListenAddress } from './sections/listen.ts';
import type { ServerConfig } from './sections/server.ts';
import type { SpoolConfig } from './sections/spool.ts';
import type { StateConfig } from './sections/state.ts';
import type { TlsConfig } from './sections/tls.ts';
import type { UiConfig } from './sections/ui.ts';
import type { NamedUpstream } from './sections/upstreams.ts';

/**
 * A complete configuration: every default applied, every unit converted (milliseconds, bytes),
 * every path absolute, every secret read. Plain, frozen data.
 */
export interface GatewayConfig {
  /** Also taken in front of every public path; empty, or `/pushgateway` without a slash behind it. */
  readonly pathPrefix: string;
  readonly listen: ListenAddress;
  readonly tls?: TlsConfig;
  readonly trustedProxies: readonly string[];
  readonly admin: AdminConfig | undefined;
  /** At least one; the first is that of teams that name none. */
  readonly upstreams: readonly NamedUpstream[];
  /** CIDRs; undefined admits every network. */
  readonly allowNetworks: readonly string[] | undefined;
  readonly denyNetworks: readonly string[];
  readonly issuers: readonly IssuerSpec[];
  readonly server: ServerConfig;
  readonly failures: FailuresConfig;
  readonly teams: readonly TeamSpec[];
  /** Whose the requests without a credential are; undefined refuses them. */
  readonly anonymousTeam: string | undefined;
  readonly audit: AuditConfig;
  readonly janitor: JanitorConfig;
  /** Left out when pushes are not kept while the upstream is away. */
  readonly spool?: SpoolConfig;
  /** Left out where a gateway is alone. */
  readonly state?: StateConfig;
  /** The name of this gateway among several with the same configuration. */
  readonly instance?: string;
  /** Undefined when there is no page. */
  readonly ui: UiConfig | undefined;
  /** `sha256:` and the hash of the file as read. */
  readonly hash: string;
}
