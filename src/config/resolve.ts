import { createHash } from 'node:crypto';
import { freezeDeep } from './engine/freeze-deep.ts';
import type { Source } from './engine/source.ts';
import type { GatewayConfig } from './gateway-config.ts';
import type { RawConfig } from './schema.ts';
import { resolveAdmin } from './sections/admin.ts';
import { resolveAnonymous } from './sections/anonymous.ts';
import { resolveAudit } from './sections/audit.ts';
import { resolveFailures } from './sections/failures.ts';
import { resolveIssuers } from './sections/issuers.ts';
import { resolveJanitor } from './sections/janitor.ts';
import { parseListenAddress } from './sections/listen.ts';
import { expandNetworks } from './sections/networks.ts';
import { resolveServer } from './sections/server.ts';
import { resolveSpool } from './sections/spool.ts';
import { resolveState } from './sections/state.ts';
import { resolveTeam } from './sections/team.ts';
import { resolveTls } from './sections/tls.ts';
import { resolveUi } from './sections/ui.ts';
import { resolveUpstreams } from './sections/upstreams.ts';

/**
 * Completes a configuration that the schema and the checks found sound.
 * @throws GatewayError ERR_SECRET_UNREADABLE
 */
export function resolveConfig(raw: RawConfig, source: Source): GatewayConfig {
  const { networks } = raw;
  const hash = createHash('sha256').update(source.text).digest('hex');
  return freezeDeep({
    pathPrefix: raw.path_prefix,
    listen: parseListenAddress(raw.listen),
    ...(raw.tls && { tls: resolveTls(raw.tls, source) }),
    trustedProxies: raw.trusted_proxies,
    admin: resolveAdmin(raw.admin),
    upstreams: resolveUpstreams(raw, source),
    allowNetworks: raw.allow_networks && expandNetworks(raw.allow_networks, networks),
    denyNetworks: expandNetworks(raw.deny_networks, networks),
    issuers: resolveIssuers(raw.issuers, source),
    server: resolveServer(raw.server),
    failures: resolveFailures(raw.failures),
    teams: Object.entries(raw.teams).map(([name, team]) => resolveTeam(name, team, raw, source)),
    anonymousTeam: resolveAnonymous(raw.anonymous),
    audit: resolveAudit(raw.audit, source),
    janitor: resolveJanitor(raw.janitor),
    ...(raw.spool && { spool: resolveSpool(raw.spool, source) }),
    ...(raw.state && { state: resolveState(raw.state, source) }),
    ...(source.instance !== undefined && { instance: source.instance }),
    ui: resolveUi(raw.ui),
    hash: `sha256:${hash}`,
  });
}
