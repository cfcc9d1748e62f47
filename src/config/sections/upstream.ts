import { resolve as resolvePath } from 'node:path';
import { z } from 'zod';
import { parseDuration } from '../../core/units.ts';
import { isLoopbackUrl } from '../engine/loopback.ts';
import { listConnectionFiles } from '../engine/named-credential.ts';
import type { NamedFile } from '../engine/named-file.ts';
import type { Finding } from '../engine/problem.ts';
import { locateSecret, readSecret, readText } from '../engine/secrets.ts';
import type { Source } from '../engine/source.ts';
import * as value from '../engine/values.ts';

/** A flag for a Pushgateway that is a child: nothing that changes where or to whom it listens. */
const childFlag = value.matching(
  /^--(?:persistence\.file|persistence\.interval|log\.level)=.+$/,
  'must be --persistence.file=PATH, --persistence.interval=5m or --log.level=warn: the gateway sets the others',
);

/** `upstream`, or one of `upstreams`. */
export const upstream = z
  .strictObject({
    url: z.string().optional().describe('where the private Pushgateway is; may have a path prefix'),
    urls: z
      .array(z.string())
      .min(1, 'must have at least one')
      .optional()
      .describe('several Pushgateways as one upstream: each job is on one of them'),
    spawn: z
      .strictObject({
        command: z.string().min(1).describe('program, looked up on PATH'),
        args: z.array(childFlag).default([]).describe('further flags'),
      })
      .optional()
      .describe('start the Pushgateway as a supervised child instead'),
    timeout: value.timeout
      .default('10s')
      .describe('from when a request is let through to the end of the answer'),
    connections: value.count.default(32).describe('connections to the upstream'),
    basic_auth: z
      .strictObject({
        username: value.username.describe('user name of the gateway'),
        password: value.secret.describe('its password: {file: PATH} or {env: NAME}'),
      })
      .optional()
      .describe('credential of the gateway at the upstream'),
    tls: z
      .strictObject({ ca_file: value.path.describe('PEM certificates to trust') })
      .optional()
      .describe('for an upstream with https'),
    consistency: value.gone('the gateway always keeps the store consistent itself; leave it out'),
  })
  .describe('the private Pushgateway');

export type RawUpstream = z.output<typeof upstream>;

export interface UpstreamConfig {
  readonly pushgateway: PushgatewayConfig;
  /** From when a request is let through to the end of the upstream's answer. */
  readonly timeoutMs: number;
  readonly connections: number;
  readonly basicAuth?: { readonly username: string; readonly password: string };
  /** PEM certificates that the upstream's certificate must chain to. */
  readonly ca?: string;
}

/** A Pushgateway that somebody runs, or the program of one that is a child of the gateway's. */
export type PushgatewayConfig =
  | {
      readonly kind: 'running';
      /** Origin and path prefix, without a slash at the end. */
      readonly url: string;
    }
  | { readonly kind: 'child'; readonly command: string; readonly args: readonly string[] };

/**
 * Completes what is said of one Pushgateway.
 * @param url - of one that somebody runs
 * @throws GatewayError ERR_SECRET_UNREADABLE
 */
export function resolveUpstream(raw: RawUpstream, url: string, source: Source): UpstreamConfig {
  const { spawn, basic_auth: basicAuth, tls } = raw;
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
        password: readsSecrets ? readSecret(locateSecret(basicAuth.password, directory)) : '',
      },
    }),
    ...(tls && readsSecrets && { ca: readText(resolvePath(directory, tls.ca_file)) }),
  };
}

/** A command without a slash is looked up on `PATH`. */
function resolveChild({ command, args }: NonNullable<RawUpstream['spawn']>, directory: string) {
  return {
    command: command.includes('/') ? resolvePath(directory, command) : command,
    args: args.map((flag) => {
      const [, name, path = ''] = /^(--persistence\.file)=(.+)$/s.exec(flag) ?? [];
      return name === undefined ? flag : `${name}=${resolvePath(directory, path)}`;
    }),
  };
}

/** Checks that there is one Pushgateway, and that its password crosses no network in clear. */
export function checkUpstream(path: readonly PropertyKey[], raw: RawUpstream): readonly Finding[] {
  const { url, urls, spawn } = raw;
  if ([url, urls, spawn].filter((one) => one !== undefined).length !== 1) {
    return [{ severity: 'error', path, message: 'needs one of url, urls and spawn' }];
  }
  return listUrls(raw).flatMap(([place, text]): Finding[] => {
    const message = explainUrl(text, path.join('.'));
    const at = [...path, ...place];
    if (message !== undefined) return [{ severity: 'error', path: at, message }];
    if (raw.basic_auth === undefined || isPrivate(text)) return [];
    const warning = 'is not https: the password crosses the network in clear';
    return [{ severity: 'warning', path: at, message: warning }];
  });
}

/** The URLs, with their places below the upstream. */
export function listUrls({
  url,
  urls = [],
}: Pick<RawUpstream, 'url' | 'urls'>): readonly (readonly [readonly PropertyKey[], string])[] {
  const several = urls.map((text, index) => [['urls', index], text] as const);
  return url === undefined ? several : [[['url'], url], ...several];
}

/** Whether nobody between here and the upstream can read along. */
function isPrivate(text: string): boolean {
  const url = new URL(text);
  return url.protocol === 'https:' || isLoopbackUrl(url);
}

/** @param upstream - where it stands */
function explainUrl(text: string, upstream: string): string | undefined {
  // The URL parser repairs much and drops a query that is empty; here the text itself must be one.
  if (!/^[a-z]+:\/\/[^\s/\\]+/i.test(text) || /\s/.test(text) || !URL.canParse(text)) {
    return 'is not a URL, such as http://127.0.0.1:9092';
  }
  const url = new URL(text);
  if (url.protocol !== 'http:' && url.protocol !== 'https:') return 'must begin with http or https';
  if (url.username !== '' || url.password !== '') {
    return `must not hold a credential: use ${upstream}.basic_auth`;
  }
  return /[?#]/.test(text) ? 'must have no query and no fragment' : undefined;
}

/** The secret and the certificates that it names. */
export function listUpstreamFiles(
  at: readonly PropertyKey[],
  { basic_auth: basicAuth, tls }: RawUpstream,
  directory: string,
): readonly NamedFile[] {
  const files = {
    password: {
      path: [...at, 'basic_auth', 'password'],
      ...(basicAuth && { at: basicAuth.password }),
    },
    ca: { path: [...at, 'tls', 'ca_file'], ...(tls && { file: tls.ca_file }) },
  };
  return listConnectionFiles(files, directory);
}
