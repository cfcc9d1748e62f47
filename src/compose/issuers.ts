import { isDeepStrictEqual } from 'node:util';
import type { IssuerSpec } from '../core/identity/issuer.ts';
import type { Issuer } from '../credentials/jwt-verifier.ts';
import { type KeySetObserver, openKeySet } from '../credentials/key-set.ts';
import type { Metrics } from '../metrics/registry.ts';
import type { Clock, OperationalLog } from '../pipeline/ports.ts';

interface IssuerContext {
  readonly clock: Clock;
  readonly metrics: Metrics;
  readonly log: OperationalLog;
}

/**
 * Opens the key sets of a configuration. An issuer that is as it was `before` keeps its keys: a
 * reload while it is down must not take them away.
 */
export function openIssuers(
  specs: readonly IssuerSpec[],
  before: readonly Issuer[],
  context: IssuerContext,
): readonly Issuer[] {
  return specs.map((spec) => {
    const same = before.find((issuer) => isDeepStrictEqual(issuer.spec, spec));
    return same ?? { spec, keys: openKeySet(spec, context.clock, observe(spec.name, context)) };
  });
}

/** Closes the key sets that are no longer in use. */
export async function closeIssuers(
  issuers: readonly Issuer[],
  inUse: readonly Issuer[] = [],
): Promise<void> {
  const left = issuers.filter((issuer) => !inUse.includes(issuer));
  await Promise.all(left.map(({ keys }) => keys.close()));
}

function observe(issuer: string, { clock, metrics, log }: IssuerContext): KeySetObserver {
  return {
    loaded: () =>
      metrics.pushwarden_jwks_last_refresh_timestamp_seconds.labels(issuer).set(clock.now() / 1000),
    failed(error) {
      metrics.pushwarden_jwks_refresh_failures_total.labels(issuer).inc();
      log.warn('the keys of an issuer could not be loaded', { issuer, error: String(error) });
    },
  };
}
