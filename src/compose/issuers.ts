import { isDeepStrictEqual } from 'node:util';
import type { IssuerSpec } from '../core/issuer.ts';
import { createIssuerClient } from '../credentials/issuer-client.ts';
import type { Issuer } from '../credentials/jwt-verifier.ts';
import { createFixedKeySet, type KeySet, openRemoteKeySet } from '../credentials/key-set.ts';
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
    return same ?? { spec, keys: openKeySet(spec, context) };
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

function openKeySet(spec: IssuerSpec, { clock, metrics, log }: IssuerContext): KeySet {
  const { name, issuer, keys: source, maxStaleMs } = spec;
  if (source.type === 'file') return createFixedKeySet(source.jwks);
  const observer = {
    loaded: () =>
      metrics.pushwarden_jwks_last_refresh_timestamp_seconds.labels(name).set(clock.now() / 1000),
    failed(error: unknown) {
      metrics.pushwarden_jwks_refresh_failures_total.labels(name).inc();
      log.warn('the keys of an issuer could not be loaded', { issuer: name, error: String(error) });
    },
  };
  return openRemoteKeySet({
    client: createIssuerClient({ issuer, source }),
    maxStaleMs,
    clock,
    observer,
  });
}
