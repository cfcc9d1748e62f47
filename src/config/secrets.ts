import { readFileSync } from 'node:fs';
import { GatewayError } from '../core/errors.ts';

/** Where a secret is: never in the configuration itself. */
export type SecretSource = { readonly file: string } | { readonly env: string };

/**
 * Reads a secret. One line end after it is dropped.
 * @param source - its file, if any, as an absolute path
 * @throws GatewayError ERR_SECRET_UNREADABLE, which names the place and never the content
 */
export function readSecret(source: SecretSource): string {
  const place = 'file' in source ? source.file : `environment variable ${source.env}`;
  const content = 'file' in source ? readText(source.file) : readEnvironment(source.env);
  const secret = content?.replace(/\r?\n$/, '');
  if (secret === undefined) throw unreadable(`${place} is not set`);
  if (secret === '') throw unreadable(`${place} is empty`);
  return secret;
}

/**
 * Reads a text file that the configuration names.
 * @throws GatewayError ERR_SECRET_UNREADABLE
 */
export function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? cause.code : 'unreadable';
    throw new GatewayError('ERR_SECRET_UNREADABLE', `cannot read ${path}: ${code}`, { cause });
  }
}

/** Reads an environment variable; nothing else in the program does. */
export function readEnvironment(name: string): string | undefined {
  return process.env[name];
}

function unreadable(message: string): GatewayError {
  return new GatewayError('ERR_SECRET_UNREADABLE', message);
}
