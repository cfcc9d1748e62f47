import { createHash } from 'node:crypto';
import type { GatewayConfig } from '../config/gateway-config.ts';
import { compileNetworks } from '../core/network/network-set.ts';
import { compilePolicyInSteps } from '../core/policy/policy.ts';
import type { TeamSpec } from '../core/policy/policy-spec.ts';
import { mapInSteps, type Steps } from '../core/steps.ts';
import type { CredentialContext } from '../credentials/credential-context.ts';
import { createAuthenticators, renderChallenges } from '../credentials/registry.ts';
import type { CredentialFacts, Snapshot } from '../pipeline/snapshot.ts';

/** Compiles a configuration for the requests that will be decided under it, in steps for each team. */
export function* compileSnapshot(
  config: GatewayConfig,
  context: CredentialContext,
): Steps<Snapshot> {
  const { teams, allowNetworks, server } = config;
  const credentials = yield* mapInSteps(teams, listCredentials);
  return Object.freeze({
    configHash: config.hash,
    pathPrefix: config.pathPrefix,
    trustedProxies: compileNetworks(config.trustedProxies),
    allowNetworks: allowNetworks && compileNetworks(allowNetworks),
    denyNetworks: compileNetworks(config.denyNetworks),
    policy: yield* compilePolicyInSteps(teams),
    anonymousTeam: config.anonymousTeam,
    authenticators: yield* createAuthenticators(teams, context),
    challenges: renderChallenges(teams),
    ui: config.ui,
    credentials: credentials.flat(),
    bodyTimeoutMs: server.bodyTimeoutMs,
    bodyChunks: server.chunks,
  });
}

function listCredentials({ name: team, credentials }: TeamSpec): readonly CredentialFacts[] {
  return credentials.map((spec) => {
    const identity = createHash('sha256').update(JSON.stringify(spec)).digest('hex');
    return { team, name: spec.name, kind: spec.type, expires: spec.expires, identity };
  });
}
