import { resolve as resolvePath } from 'node:path';
import { z } from 'zod';
import { isLoopbackUrl } from '../engine/loopback.ts';
import { listConnectionFiles } from '../engine/named-credential.ts';
import type { NamedFile } from '../engine/named-file.ts';
import type { Finding } from '../engine/problem.ts';
import { locateSecret, readSecret, readText } from '../engine/secrets.ts';
import type { Source } from '../engine/source.ts';
import * as value from '../engine/values.ts';

/** `state`: what several gateways share. */
export const state = z
  .strictObject({
    url: z
      .string()
      .describe('of Valkey or Redis, 7 or newer: redis://HOST:PORT or rediss:// for TLS'),
    username: value.username.optional().describe('user name of the gateway there'),
    password: value.secret.optional().describe('its password: {file: PATH} or {env: NAME}'),
    tls: z
      .strictObject({ ca_file: value.path.describe('PEM certificates to trust') })
      .optional()
      .describe('for rediss://'),
  })
  .describe('what several gateways in front of one Pushgateway share; off unless given');

type RawState = z.output<typeof state>;

/** What several gateways share is in Valkey or Redis. */
export interface StateConfig {
  readonly url: string;
  readonly username?: string;
  readonly password?: string;
  /** PEM certificates that the server's certificate must chain to. */
  readonly ca?: string;
}

/** @throws GatewayError ERR_SECRET_UNREADABLE */
export function resolveState(raw: RawState, { directory, readsSecrets }: Source): StateConfig {
  const { url, username, password, tls } = raw;
  return {
    url,
    ...(username !== undefined && { username }),
    ...(password && {
      password: readsSecrets ? readSecret(locateSecret(password, directory)) : '',
    }),
    ...(tls && readsSecrets && { ca: readText(resolvePath(directory, tls.ca_file)) }),
  };
}

/** What it does not go together with. */
interface Surroundings {
  readonly state?: RawState | undefined;
  readonly spool?: unknown;
  readonly upstream?: { readonly spawn?: unknown; readonly urls?: unknown } | undefined;
  readonly upstreams?: unknown;
}

/** Checks where the state is, and that no password crosses the network in clear. */
export function checkState({
  state: raw,
  spool,
  upstream,
  upstreams,
}: Surroundings): readonly Finding[] {
  if (raw === undefined) return [];
  const findings: Finding[] = [];
  if (spool !== undefined) {
    const message = 'not supported together with spool: leave one of them out';
    findings.push({ severity: 'error', path: ['state'], message });
  }
  if (upstreams !== undefined || upstream?.urls !== undefined) {
    const message = 'not supported together with several Pushgateways: leave one of them out';
    findings.push({ severity: 'error', path: ['state'], message });
  }
  if (upstream?.spawn !== undefined) {
    const message =
      'not supported together with upstream.spawn: each would have its own Pushgateway';
    findings.push({ severity: 'error', path: ['state'], message });
  }
  const path = ['state', 'url'];
  const message = explainUrl(raw.url);
  if (message !== undefined) return [...findings, { severity: 'error', path, message }];
  const url = new URL(raw.url);
  if (raw.tls !== undefined && url.protocol !== 'rediss:') {
    const needless = 'is for rediss:// alone: state.url is not encrypted';
    findings.push({ severity: 'error', path: ['state', 'tls'], message: needless });
  }
  const isPrivate = url.protocol === 'rediss:' || isLoopbackUrl(url);
  if (raw.password !== undefined && !isPrivate) {
    const warning = 'is not rediss: the password crosses the network in clear';
    findings.push({ severity: 'warning', path, message: warning });
  }
  return findings;
}

function explainUrl(text: string): string | undefined {
  if (!/^rediss?:\/\/[^\s/\\]+/.test(text) || /\s/.test(text) || !URL.canParse(text)) {
    return 'is not a URL, such as redis://127.0.0.1:6379';
  }
  const { username, password, pathname } = new URL(text);
  if (username !== '' || password !== '') {
    return 'must not hold a credential: use state.username and state.password';
  }
  if (/[?#]/.test(text)) return 'must have no query and no fragment';
  return /^(?:\/\d*)?$/.test(pathname)
    ? undefined
    : 'must end in the number of a database, or in none';
}

/** The secret and the certificates that it names. */
export function listStateFiles(
  { password, tls }: RawState,
  directory: string,
): readonly NamedFile[] {
  const files = {
    password: { path: ['state', 'password'], ...(password && { at: password }) },
    ca: { path: ['state', 'tls', 'ca_file'], ...(tls && { file: tls.ca_file }) },
  };
  return listConnectionFiles(files, directory);
}
