import { parse } from 'yaml';
import { type HtpasswdFile, judgeUsers, parseHtpasswd } from '../../../core/identity/htpasswd.ts';
import type { Remark } from '../../engine/named-file.ts';
import { readText } from '../../engine/secrets.ts';

/** A web configuration of an exporter, which is YAML, instead of an htpasswd file. */
const WEB_CONFIG = /\.ya?ml$/;
const NO_USERS: HtpasswdFile = {
  users: [],
  errors: ['there is no map basic_auth_users in it'],
  warnings: [],
};

/**
 * Reads the users of an htpasswd file, or, from a file in YAML, the `basic_auth_users` that
 * Prometheus' own programs take.
 * @throws GatewayError ERR_SECRET_UNREADABLE when the file cannot be read
 */
export function readHtpasswd(path: string): HtpasswdFile {
  const text = readText(path);
  return WEB_CONFIG.test(path) ? parseWebConfig(text) : parseHtpasswd(text);
}

/** Reads `basic_auth_users` of a web configuration. */
export function parseWebConfig(text: string): HtpasswdFile {
  let users: unknown;
  try {
    const document: unknown = parse(text, { maxAliasCount: 0 });
    users = isMap(document) ? document['basic_auth_users'] : undefined;
  } catch {
    return { ...NO_USERS, errors: ['is not YAML'] };
  }
  if (!isMap(users)) return NO_USERS;
  const entries = Object.entries(users).map(([username, passwordHash]) => ({
    place: `basic_auth_users.${username}`,
    username,
    passwordHash: String(passwordHash),
  }));
  return judgeUsers(entries);
}

function isMap(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** What there is to say of an htpasswd file. */
export function inspectHtpasswd(file: string): readonly Remark[] {
  const { errors, warnings } = readHtpasswd(file);
  return [
    ...errors.map((text) => ({ severity: 'error', message: `${file}: ${text}` }) as const),
    ...warnings.map((text) => ({ severity: 'warning', message: `${file}: ${text}` }) as const),
  ];
}
