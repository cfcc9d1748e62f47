import { readFileSync, statSync } from 'node:fs';
import { resolve as resolvePath } from 'node:path';
import { GatewayError } from '../../core/errors.ts';
import { kindOf } from '../../core/file-kind.ts';

/** Where a secret is: never in the configuration itself. */
export type SecretSource = { readonly file: string } | { readonly env: string };

/** @returns the same place, its file as an absolute path */
export function locateSecret(secret: SecretSource, directory: string): SecretSource {
  return 'file' in secret ? { file: resolvePath(directory, secret.file) } : secret;
}

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
 * Reads a text file that the configuration names: a FIFO would be waited for, and a device may have
 * no end.
 * @throws GatewayError ERR_SECRET_UNREADABLE
 */
export function readText(path: string): string {
  try {
    const kind = kindOf(statSync(path));
    if (kind !== 'file' && kind !== 'directory') throw unreadable(`${path} is a ${kind}`);
    return readFileSync(path, 'utf8');
  } catch (cause) {
    if (cause instanceof GatewayError) throw cause;
    throw unreadable(`cannot read ${path}: ${describeReadError(cause)}`, { cause });
  }
}

/** Reads an environment variable; nothing else in the program does. */
export function readEnvironment(name: string): string | undefined {
  return process.env[name];
}

/** What operators meet, in their words; the rest keeps its code. */
const READ_ERRORS: Readonly<Record<string, string>> = {
  ENOENT: 'no such file',
  EACCES: 'permission denied',
  EISDIR: 'it is a directory',
};

/** Why a file cannot be read. */
export function describeReadError(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'unreadable';
  return READ_ERRORS[code] ?? code;
}

function unreadable(message: string, options?: ErrorOptions): GatewayError {
  return new GatewayError('ERR_SECRET_UNREADABLE', message, options);
}
