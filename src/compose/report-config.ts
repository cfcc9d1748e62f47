import { X509Certificate } from 'node:crypto';
import type { GatewayConfig } from '../config/gateway-config.ts';
import type { Steps } from '../core/steps.ts';
import type { Metrics } from '../metrics/registry.ts';
import { beginSeries } from '../metrics/starting-series.ts';
import type { Clock } from '../pipeline/ports.ts';

/**
 * Shows in the metrics that a configuration is in use, in steps for each team. A scrape between two
 * of them misses nothing that stays.
 * @param before - the configuration that it took the place of
 */
export function* reportConfig(
  metrics: Metrics,
  config: GatewayConfig,
  clock: Clock,
  before?: GatewayConfig,
): Steps<void> {
  const { teams, tls, upstreams } = config;
  metrics.pushwarden_config_last_reload_successful.set(1);
  metrics.pushwarden_config_last_reload_success_timestamp_seconds.set(clock.now() / 1000);
  if (tls !== undefined) {
    metrics.pushwarden_tls_certificate_expires_timestamp_seconds
      .labels('public')
      .set(new X509Certificate(tls.cert).validToDate.getTime() / 1000);
  }
  yield* beginSeries(metrics, teams, upstreams);
  yield* reportExpiry(metrics, teams, before?.teams ?? []);
}

function* reportExpiry(
  { pushwarden_credential_expires_timestamp_seconds: expiry }: Metrics,
  teams: GatewayConfig['teams'],
  before: GatewayConfig['teams'],
): Steps<void> {
  const expiring = new Map<string, ReadonlySet<string>>();
  for (const { name: team, credentials } of teams) {
    const names = new Set<string>();
    for (const { name, expires } of credentials) {
      if (expires === undefined) continue;
      names.add(name);
      expiry.labels(team, name).set(expires / 1000);
    }
    expiring.set(team, names);
    yield;
  }
  for (const { name: team, credentials } of before) {
    const names = expiring.get(team);
    for (const { name } of credentials) if (!names?.has(name)) expiry.remove(team, name);
    yield;
  }
}
