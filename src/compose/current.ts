import type { GatewayConfig } from '../config/types.ts';
import { createFailureThrottle } from '../limits/failure-throttle.ts';
import type { Metrics } from '../metrics/registry.ts';
import type { Clock } from '../pipeline/ports.ts';
import type { Snapshot } from '../pipeline/snapshot.ts';
import { compileSnapshot } from './compile-snapshot.ts';
import { openUpstreamSide, type UpstreamSide } from './upstream-side.ts';

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

/** Makes everything that depends on the configuration and not on sockets or files. */
export async function openCurrent(
  initial: GatewayConfig,
  metrics: Metrics,
  clock: Clock,
): Promise<Current> {
  const throttle = createFailureThrottle(() => current.config.failures);
  const open = async (config: GatewayConfig, before?: UpstreamSide) => ({
    config,
    snapshot: compileSnapshot(config, clock, throttle),
    upstreamSide: before?.fits(config.upstream)
      ? before
      : await openUpstreamSide(config.upstream, metrics, clock),
  });
  let current = await open(initial);
  reportConfig(metrics, initial, clock);
  return {
    config: () => current.config,
    snapshot: () => current.snapshot,
    upstreamSide: () => current.upstreamSide,
    async replace(config) {
      const { upstreamSide: before } = current;
      current = await open(config, before);
      reportConfig(metrics, config, clock);
      if (before !== current.upstreamSide) await before.close();
    },
    close: () => current.upstreamSide.close(),
  };
}

function reportConfig(metrics: Metrics, { teams }: GatewayConfig, clock: Clock): void {
  metrics.pushwarden_config_last_reload_successful.set(1);
  metrics.pushwarden_config_last_reload_success_timestamp_seconds.set(clock.now() / 1000);
  const expiry = metrics.pushwarden_credential_expires_timestamp_seconds;
  expiry.reset();
  for (const { name: team, credentials } of teams) {
    for (const { name: credential, expires } of credentials) {
      if (expires !== undefined) expiry.labels(team, credential).set(expires / 1000);
    }
  }
}
