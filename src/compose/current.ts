import { X509Certificate } from 'node:crypto';
import type { GatewayConfig } from '../config/gateway-config.ts';
import type { Issuer } from '../credentials/jwt-verifier.ts';
import { createPasswordVerifier, type PasswordVerifier } from '../credentials/password-verifier.ts';
import { createFailureThrottle } from '../limits/failure-throttle.ts';
import type { Metrics } from '../metrics/registry.ts';
import { beginSeries } from '../metrics/starting-series.ts';
import type { Clock, OperationalLog } from '../pipeline/ports.ts';
import type { Snapshot } from '../pipeline/snapshot.ts';
import { compileSnapshot } from './compile-snapshot.ts';
import { openCurrentUpstream } from './current-upstream.ts';
import { closeIssuers, openIssuers } from './issuers.ts';
import type { UpstreamSide } from './upstream-side.ts';

/** The configuration in use and what was made of it. */
export interface Current {
  config(): GatewayConfig;
  snapshot(): Snapshot;
  upstreamSide(): UpstreamSide;
  /**
   * Puts another configuration in its place, whole or, when it throws, not at all. Requests under
   * way end under the one that they began with.
   */
  replace(config: GatewayConfig): Promise<void>;
  close(): Promise<void>;
}

/** What was made of a configuration. */
interface Compiled {
  readonly config: GatewayConfig;
  readonly snapshot: Snapshot;
  readonly issuers: readonly Issuer[];
  readonly passwords: PasswordVerifier;
}

/** Makes everything that depends on the configuration and not on sockets or files. */
export async function openCurrent(
  initial: GatewayConfig,
  metrics: Metrics,
  clock: Clock,
  log: OperationalLog,
): Promise<Current> {
  const throttle = createFailureThrottle(() => current.config.failures);
  const compile = (config: GatewayConfig, before?: Compiled): Compiled => {
    const issuers = openIssuers(config.issuers, before?.issuers ?? [], { clock, metrics, log });
    const passwords = openPasswords(config, before);
    const snapshot = compileSnapshot(config, { clock, throttle, issuers, passwords });
    return { config, issuers, passwords, snapshot };
  };
  let current = compile(initial);
  const upstream = await openCurrentUpstream(initial.upstream, {
    ...{ metrics, clock, log },
    ownership: () => current.snapshot.policy,
  });
  reportConfig(metrics, initial, clock);
  return {
    config: () => current.config,
    snapshot: () => current.snapshot,
    upstreamSide: upstream.side,
    async replace(config) {
      const before = current;
      const next = compile(config, before);
      try {
        await upstream.replace(config.upstream);
      } catch (error) {
        await closeIssuers(next.issuers, before.issuers, { metrics });
        throw error;
      }
      current = next;
      await upstream.side().known.followed.store.assignOwners(next.snapshot.policy);
      reportConfig(metrics, config, clock);
      await closeIssuers(before.issuers, next.issuers, { metrics });
    },
    async close() {
      await closeIssuers(current.issuers, [], { metrics });
      await upstream[Symbol.asyncDispose]();
    },
  };
}

/**
 * That a password belongs to a hash stays true whoever may still use it, so what was verified is
 * kept: else all users would have to wait for their hashes after every reload.
 */
function openPasswords({ server }: GatewayConfig, before: Compiled | undefined): PasswordVerifier {
  const { passwordHashes: parallel } = server;
  if (before?.config.server.passwordHashes === parallel) return before.passwords;
  return createPasswordVerifier({ parallel });
}

function reportConfig(metrics: Metrics, { teams, tls }: GatewayConfig, clock: Clock): void {
  metrics.pushwarden_config_last_reload_successful.set(1);
  metrics.pushwarden_config_last_reload_success_timestamp_seconds.set(clock.now() / 1000);
  if (tls !== undefined) {
    metrics.pushwarden_tls_certificate_expires_timestamp_seconds
      .labels('public')
      .set(new X509Certificate(tls.cert).validToDate.getTime() / 1000);
  }
  beginSeries(metrics, teams);
  const expiry = metrics.pushwarden_credential_expires_timestamp_seconds;
  expiry.reset();
  for (const { name: team, credentials } of teams) {
    for (const { name: credential, expires } of credentials) {
      if (expires !== undefined) expiry.labels(team, credential).set(expires / 1000);
    }
  }
}
