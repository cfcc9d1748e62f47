import type { GatewayConfig } from '../config/types.ts';
import { compileNetworks } from '../core/network-set.ts';
import { compilePolicy } from '../core/policy.ts';
import { createPasswordVerifier } from '../credentials/password-verifier.ts';
import {
  type CredentialContext,
  createAuthenticators,
  renderChallenges,
} from '../credentials/registry.ts';
import type { Snapshot } from '../pipeline/snapshot.ts';

/**
 * Compiles a configuration for the requests that will be decided under it. Verified passwords are
 * remembered per snapshot, so a removed credential ends with the old one.
 */
export function compileSnapshot(
  config: GatewayConfig,
  shared: Omit<CredentialContext, 'passwords'>,
): Snapshot {
  const { teams, allowNetworks, server } = config;
  const passwords = createPasswordVerifier({ parallel: server.passwordHashes });
  return Object.freeze({
    configHash: config.hash,
    trustedProxies: compileNetworks(config.trustedProxies),
    allowNetworks: allowNetworks && compileNetworks(allowNetworks),
    denyNetworks: compileNetworks(config.denyNetworks),
    policy: compilePolicy(teams),
    authenticators: createAuthenticators(teams, { ...shared, passwords }),
    challenges: renderChallenges(teams),
    bodyTimeoutMs: server.bodyTimeoutMs,
    upstreamTimeoutMs: config.upstream.timeoutMs,
  });
}
