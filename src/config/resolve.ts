import { createHash } from 'node:crypto';
import { resolve as resolvePath } from 'node:path';
import type { TeamSpec } from '../core/policy/policy-spec.ts';
import { parseDuration, parseSize } from '../core/units.ts';
import { parseListenAddress } from './listen-address.ts';
import { resolveCredential, resolveIssuers, resolveTls } from './resolve-identity.ts';
import { resolveLimits } from './resolve-limits.ts';
import type { RawConfig, RawTeam } from './schema.ts';
import { readSecret, readText } from './secrets.ts';
import type { AuditConfig, GatewayConfig, UpstreamConfig } from './types.ts';

/** Where a configuration comes from. */
export interface Source {
  /** Relative paths are relative to it; absolute. */
  readonly directory: string;
  readonly text: string;
  /** False leaves secrets and the files that they are in alone. */
  readonly readsSecrets: boolean;
}

const DEFAULT_ALLOW = ['push', 'read'] as const;
/** What no team may push unless `defaults.metrics.deny` says otherwise. */
export const DEFAULT_DENY = ['up', 'scrape_*', 'ALERTS*', 'promhttp_*'];

/**
 * Completes a configuration that the schema and the checks found sound.
 * @throws GatewayError ERR_SECRET_UNREADABLE
 */
export function resolveConfig(raw: RawConfig, source: Source): GatewayConfig {
  const { server, failures, admin } = raw;
  const hash = createHash('sha256').update(source.text).digest('hex');
  return freezeDeep({
    listen: parseListenAddress(raw.listen),
    ...(raw.tls && { tls: resolveTls(raw.tls, source) }),
    trustedProxies: raw.trusted_proxies,
    admin: admin.listen === 'off' ? undefined : parseListenAddress(admin.listen),
    upstream: resolveUpstream(raw.upstream, source),
    allowNetworks: raw.allow_networks && expandNetworks(raw.allow_networks, raw),
    denyNetworks: expandNetworks(raw.deny_networks, raw),
    issuers: resolveIssuers(raw.issuers, source),
    server: {
      headerTimeoutMs: parseDuration(server.header_timeout),
      bodyTimeoutMs: parseDuration(server.body_timeout),
      idleTimeoutMs: parseDuration(server.idle_timeout),
      drainTimeoutMs: parseDuration(server.drain_timeout),
      connections: server.connections,
      bytesInFlight: parseSize(server.bytes_in_flight),
      passwordHashes: server.password_hashes,
    },
    failures: { perMs: parseDuration(failures.per), limit: failures.limit },
    teams: Object.entries(raw.teams).map(([name, team]) => resolveTeam(name, team, raw, source)),
    audit: resolveAudit(raw.audit, source),
    hash: `sha256:${hash}`,
  });
}

function resolveUpstream(raw: RawConfig['upstream'], source: Source): UpstreamConfig {
  const { url = '', spawn, basic_auth: basicAuth, tls } = raw;
  const { directory, readsSecrets } = source;
  return {
    pushgateway: spawn
      ? { kind: 'child', ...resolveChild(spawn, directory) }
      : { kind: 'running', url: url.replace(/\/+$/, '') },
    timeoutMs: parseDuration(raw.timeout),
    connections: raw.connections,
    ...(basicAuth && {
      basicAuth: {
        username: basicAuth.username,
        password: readsSecrets ? readSecret(absolute(basicAuth.password, directory)) : '',
      },
    }),
    ...(tls && readsSecrets && { ca: readText(resolvePath(directory, tls.ca_file)) }),
  };
}

/** A command without a slash is looked up on `PATH`. */
function resolveChild(
  { command, args }: NonNullable<RawConfig['upstream']['spawn']>,
  directory: string,
) {
  return {
    command: command.includes('/') ? resolvePath(directory, command) : command,
    args: args.map((flag) => {
      const [, name, path = ''] = /^(--persistence\.file)=(.+)$/s.exec(flag) ?? [];
      return name === undefined ? flag : `${name}=${resolvePath(directory, path)}`;
    }),
  };
}

function absolute<Secret extends { readonly file: string } | { readonly env: string }>(
  secret: Secret,
  directory: string,
) {
  return 'file' in secret ? { file: resolvePath(directory, secret.file) } : secret;
}

function expandNetworks(names: readonly string[], { networks }: RawConfig): readonly string[] {
  return names.flatMap((nameOrCidr) => networks[nameOrCidr] ?? nameOrCidr);
}

function resolveTeam(name: string, team: RawTeam, raw: RawConfig, source: Source): TeamSpec {
  const { defaults } = raw;
  const metrics = { ...defaults.metrics, ...team.metrics };
  const { allow: allowedMetrics } = metrics;
  return {
    name,
    jobs: team.jobs,
    allow: team.allow ?? defaults.allow ?? DEFAULT_ALLOW,
    labels: team.labels,
    requireLabels: team.require_labels,
    metrics: {
      ...(allowedMetrics && { allow: allowedMetrics }),
      deny: [...(defaults.metrics?.deny ?? DEFAULT_DENY), ...(team.metrics?.deny ?? [])],
      own: metrics.own ?? [],
    },
    ...(team.allow_networks && { allowNetworks: expandNetworks(team.allow_networks, raw) }),
    limits: resolveLimits(defaults.limits, team.limits),
    credentials: team.credentials.map((credential) => resolveCredential(credential, source)),
  };
}

function resolveAudit(raw: RawConfig['audit'], { directory }: Source): AuditConfig {
  return {
    file: resolvePath(directory, raw.file),
    sync: raw.sync,
    onFailure: raw.on_failure,
    rotateBytes: parseSize(raw.rotate),
    keep: raw.keep,
    ...(raw.sign_key !== 'none' && { signKeyFile: resolvePath(directory, raw.sign_key.file) }),
  };
}

function freezeDeep<Value>(value: Value): Value {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const inner of Object.values(value)) freezeDeep(inner);
  }
  return value;
}
