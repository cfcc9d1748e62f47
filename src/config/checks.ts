import { checkAddresses } from './check-addresses.ts';
import { checkCredentials } from './check-credentials.ts';
import { checkIdentity } from './check-identity.ts';
import { checkIssuers } from './check-issuers.ts';
import { checkNetworks } from './check-networks.ts';
import { checkTeams } from './check-teams.ts';
import type { Finding } from './problem.ts';
import type { RawConfig } from './schema.ts';
import { findUnsupported } from './unsupported.ts';

/**
 * Checks what a schema cannot say, everything at once.
 * @param now - milliseconds since the epoch
 */
export function checkConfig(config: RawConfig, now: number): readonly Finding[] {
  return [
    ...findUnsupported(config),
    ...checkAddresses(config),
    ...checkNetworks(config),
    ...checkTeams(config),
    ...checkCredentials(config, now),
    ...checkIdentity(config),
    ...checkIssuers(config),
  ];
}
