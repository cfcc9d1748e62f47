import type { GatewayConfig } from '../config/gateway-config.ts';
import type { Issuer } from '../credentials/jwt-verifier.ts';
import { createPasswordVerifier, type PasswordVerifier } from '../credentials/password-verifier.ts';
import type { Metrics } from '../metrics/registry.ts';
import type { Clock, OperationalLog } from '../pipeline/ports.ts';
import type { Snapshot } from '../pipeline/snapshot.ts';
import type { OpenedSpool } from '../spool/open-spool.ts';
import { compileSnapshot } from './compile-snapshot.ts';
import { type CurrentUpstreams, openCurrentUpstreams } from './current-upstreams.ts';
import { closeIssuers, openIssuers } from './issuers.ts';
import type { GatewayState } from './open-state.ts';
import { reportConfig } from './report-config.ts';
import { runInSlices } from './run-in-slices.ts';
import type { UpstreamSide } from './upstream-side.ts';

/** The configuration in use and what was made of it. */
export interface Current {
  config(): GatewayConfig;
  snapshot(): Snapshot;
  /** The ways to the Pushgateways, in the order of the configuration; at least one. */
  upstreamSides(): readonly UpstreamSide[];
  /** The one that a team's pushes go to, or where the group is already. */
  readonly sideOf: CurrentUpstreams['sideOf'];
  readonly leave: CurrentUpstreams['leave'];
  /**
   * Puts another configuration in its place, whole or, when it throws, not at all. Requests under
   * way end under the one that they began with, and others go on while it is compiled.
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

interface CurrentOptions {
  readonly metrics: Metrics;
  readonly clock: Clock;
  readonly log: OperationalLog;
  readonly state: Pick<GatewayState, 'failures' | 'storeLog'>;
  /** Undefined where pushes are not kept. */
  readonly spool?: OpenedSpool | undefined;
}

/** Makes everything that depends on the configuration and not on sockets or files. */
export async function openCurrent(
  initial: GatewayConfig,
  { metrics, clock, log, state, spool }: CurrentOptions,
): Promise<Current> {
  const throttle = state.failures(() => current.config.failures);
  const compile = async (config: GatewayConfig, before?: Compiled): Promise<Compiled> => {
    const inUse = before?.issuers ?? [];
    const issuers = openIssuers(config.issuers, inUse, { clock, metrics, log });
    const passwords = openPasswords(config, before);
    const context = { clock, throttle, issuers, passwords };
    try {
      const snapshot = await runInSlices(compileSnapshot(config, context), clock);
      return { config, issuers, passwords, snapshot };
    } catch (error) {
      await closeIssuers(issuers, inUse, { metrics });
      throw error;
    }
  };
  let current = await compile(initial);
  const upstreams = await openCurrentUpstreams(initial, {
    ...{ metrics, clock, log },
    ...(spool && { spool }),
    ownership: () => current.snapshot.policy,
    state,
  });
  await runInSlices(reportConfig(metrics, initial, clock), clock);
  return {
    config: () => current.config,
    snapshot: () => current.snapshot,
    upstreamSides: upstreams.sides,
    sideOf: upstreams.sideOf,
    leave: upstreams.leave,
    async replace(config) {
      const before = current;
      const next = await compile(config, before);
      try {
        await upstreams.replace(config);
      } catch (error) {
        await closeIssuers(next.issuers, before.issuers, { metrics });
        throw error;
      }
      current = next;
      for (const { known } of upstreams.sides()) {
        await known.model.assignOwners(next.snapshot.policy);
      }
      await runInSlices(reportConfig(metrics, config, clock, before.config), clock);
      await closeIssuers(before.issuers, next.issuers, { metrics });
    },
    async close() {
      await closeIssuers(current.issuers, [], { metrics });
      await upstreams[Symbol.asyncDispose]();
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
