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
 * Opens the key sets of a configuration. An issuer whose keys come from where they came from
 * `before` keeps them, whatever else of it changed: a reload while it is down must not take them
 * away.
 */
export function openIssuers(
  specs: readonly IssuerSpec[],
  before: readonly Issuer[],
  context: IssuerContext,
): readonly Issuer[] {
  return specs.map((spec) => {
    const origin = originOf(spec);
    const same = before.find((issuer) => isDeepStrictEqual(originOf(issuer.spec), origin));
    const keys = same?.keys ?? openKeySet(spec, context.clock, observe(spec.name, context));
    return { spec, keys };
  });
}

/** Closes the key sets that are no longer in use, and measures nothing of issuers that are gone. */
export async function closeIssuers(
  issuers: readonly Issuer[],
  inUse: readonly Issuer[],
  { metrics }: Pick<IssuerContext, 'metrics'>,
): Promise<void> {
  const left = issuers.filter(({ keys }) => !inUse.some((issuer) => issuer.keys === keys));
  await Promise.all(left.map(({ keys }) => keys.close()));
  for (const { spec } of left) {
    if (inUse.some((issuer) => issuer.spec.name === spec.name)) continue;
    metrics.pushwarden_jwks_last_refresh_timestamp_seconds.remove(spec.name);
    metrics.pushwarden_jwks_refresh_failures_total.remove(spec.name);
  }
}

/** What a key set is opened with: the same, and it is the same set. */
function originOf({ name, issuer, keys, maxStaleMs }: IssuerSpec): object {
  return { name, issuer, keys, maxStaleMs };
}

function observe(issuer: string, { clock, metrics, log }: IssuerContext): KeySetObserver {
  metrics.pushwarden_jwks_refresh_failures_total.labels(issuer).inc(0);
  return {
    loaded: () =>
      metrics.pushwarden_jwks_last_refresh_timestamp_seconds.labels(issuer).set(clock.now() / 1000),
    failed(error) {
      metrics.pushwarden_jwks_refresh_failures_total.labels(issuer).inc();
      log.warn('the keys of an issuer could not be loaded', { issuer, error: String(error) });
    },
  };
}
