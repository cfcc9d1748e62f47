import type { Finding } from './engine/problem.ts';
import type { RawConfig } from './schema.ts';
import { checkAdmin } from './sections/admin.ts';
import { checkAnonymous } from './sections/anonymous.ts';
import { checkCredentials } from './sections/credentials/check-credentials.ts';
import { listCredentials } from './sections/credentials/credential.ts';
import { checkIssuers } from './sections/issuers.ts';
import { checkListen } from './sections/listen.ts';
import { checkNetworks } from './sections/networks.ts';
import { checkState } from './sections/state.ts';
import { checkTeams } from './sections/teams.ts';
import { checkUpstreams } from './sections/upstreams.ts';

/**
 * Checks what a schema cannot say, everything at once.
 * @param now - milliseconds since the epoch
 */
export function checkConfig(config: RawConfig, now: number): readonly Finding[] {
  return [
    ...checkListen(config.listen, config.tls !== undefined),
    ...checkAdmin(config.admin, config.listen),
    ...checkUpstreams(config),
    ...checkState(config),
    ...checkNetworks(config),
    ...checkTeams(config.teams, config),
    ...checkAnonymous(config.anonymous, config.teams, config.defaults),
    ...checkCredentials(listCredentials(config.teams), config, now),
    ...checkIssuers(config.issuers),
  ];
}
