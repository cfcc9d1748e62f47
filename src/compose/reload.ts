import { listChanges, listFixedChanges } from '../config/changes.ts';
import type { GatewayConfig } from '../config/gateway-config.ts';
import type { ReloadResult } from '../http/admin.ts';
import type { Metrics } from '../metrics/registry.ts';
import type { AuditLog, Clock, OperationalLog } from '../pipeline/ports.ts';
import type { Current } from './current.ts';
import type { PublicSide } from './public-side.ts';
import { runInSlices } from './run-in-slices.ts';

/** What loading a configuration came to. */
export type LoadedConfig =
  | { readonly ok: true; readonly config: GatewayConfig }
  | { readonly ok: false; readonly problems: readonly string[] };

interface ReloadOptions {
  readonly load: () => Promise<LoadedConfig>;
  readonly current: Current;
  readonly publicSide: PublicSide;
  readonly metrics: Metrics;
  readonly audit: AuditLog;
  readonly clock: Clock;
  readonly log: OperationalLog;
  /** Groups are not moved between Pushgateways meanwhile. */
  readonly undisturbed: <T>(work: () => Promise<T>) => Promise<T>;
}

/**
 * Creates the reload: all or nothing, one at a time. A configuration with problems, or one that
 * asks for what only a restart can change, leaves the one in use alone.
 */
export function createReload(options: ReloadOptions): () => Promise<ReloadResult> {
  const { load, current, publicSide, metrics, audit, clock, log, undisturbed } = options;

  const refuse = (problems: readonly string[]): ReloadResult => {
    metrics.pushwarden_config_last_reload_successful.set(0);
    log.error('reload refused, the configuration in use stays', { problems });
    const { hash } = current.config();
    audit.record({ event: 'reload', config_hash: hash, changed: [], refused: problems });
    return { ok: false, problems };
  };

  const put = async (next: GatewayConfig): Promise<ReloadResult> => {
    const before = current.config();
    const fixed = listFixedChanges(before, next);
    if (fixed.length > 0)
      return refuse(fixed.map((key) => `${key}: only a restart can change this`));
    const held = listHeld(current, next);
    if (held.length > 0) return refuse(held);
    const changed = await runInSlices(listChanges(before, next), clock);
    await current.replace(next);
    publicSide.apply(next);
    audit.record({ event: 'reload', config_hash: next.hash, changed });
    log.info('reloaded', { config_hash: next.hash, changed });
    return { ok: true };
  };

  const reload = async (): Promise<ReloadResult> => {
    const loaded = await load();
    if (!loaded.ok) return refuse(loaded.problems);
    return await undisturbed(() => put(loaded.config));
  };

  let last: Promise<unknown> = Promise.resolve();
  return () => {
    const next = last.then(reload);
    last = next.catch(() => {}); // whoever asked gets the error
    return next;
  };
}

/**
 * Groups on a Pushgateway that is taken out of `urls` would be seen nowhere, and pushed anew elsewhere
 * by the next push: one that holds some stays.
 */
function listHeld(current: Current, { upstreams }: GatewayConfig): readonly string[] {
  const urls = new Set(
    upstreams.map(({ pushgateway }) => pushgateway.kind === 'running' && pushgateway.url),
  );
  return current.upstreamSides().flatMap(({ name, upstream, place, known }) => {
    const isLeft = !urls.has(known.url) && upstreams.some((one) => one.upstream === upstream);
    const groups = known.model.size();
    if (!isLeft || !place.endsWith('.urls') || groups === 0) return [];
    return `${place}: ${known.url} still holds ${groups} groups: pushwarden rebalance --away-from ${name} moves them, before it is taken out`;
  });
}
