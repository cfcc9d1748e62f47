import { existsSync } from 'node:fs';
import { dirname, resolve as resolvePath } from 'node:path';
import { checkUserNames } from './check-user-names.ts';
import { listIdentityFiles } from './identity-files.ts';
import { checkNamedFile, inspectBy, type NamedFile, type Remark } from './named-file.ts';
import { assertSigningKey, readCertificates } from './pem.ts';
import type { Finding } from './problem.ts';
import type { RawConfig } from './schema.ts';
import { readSecret, type SecretSource } from './secrets.ts';

/**
 * Reads every file and variable that the configuration names, to say at its key what is wrong.
 * @param now - milliseconds since the epoch
 */
export function checkFiles(config: RawConfig, directory: string, now: number): readonly Finding[] {
  return [
    ...listNamed(config, directory, now).flatMap(checkNamedFile),
    ...checkUserNames(config, directory),
  ];
}

/** Lists the files that the configuration names, absolute. */
export function listFiles(config: RawConfig, directory: string): readonly string[] {
  return listNamed(config, directory, 0).flatMap(({ file }) => file ?? []);
}

function listNamed(config: RawConfig, directory: string, now: number): readonly NamedFile[] {
  return [
    ...listUpstreamFiles(config, directory),
    ...listAuditFiles(config, directory),
    ...listIdentityFiles(config, directory, now),
  ];
}

function listUpstreamFiles({ upstream }: RawConfig, directory: string): readonly NamedFile[] {
  const { basic_auth: basicAuth, tls } = upstream;
  const named: NamedFile[] = [];
  if (basicAuth !== undefined) {
    const { password } = basicAuth;
    const file = 'file' in password ? resolvePath(directory, password.file) : undefined;
    const secret: SecretSource = 'env' in password ? password : { file: file ?? '' };
    const path = ['upstream', 'basic_auth', 'password'];
    named.push({ path, file, inspect: inspectBy(() => readSecret(secret)) });
  }
  if (tls !== undefined) {
    const file = resolvePath(directory, tls.ca_file);
    const path = ['upstream', 'tls', 'ca_file'];
    named.push({ path, file, inspect: inspectBy(() => readCertificates(file)) });
  }
  return named;
}

function listAuditFiles({ audit }: RawConfig, directory: string): readonly NamedFile[] {
  const log = resolvePath(directory, audit.file);
  // The log itself is the gateway's own: who follows the files that are named does not want it.
  const named: NamedFile[] = [
    { path: ['audit', 'file'], file: undefined, inspect: () => inspectAuditFile(log) },
  ];
  if (audit.sign_key !== 'none') {
    const file = resolvePath(directory, audit.sign_key.file);
    const path = ['audit', 'sign_key', 'file'];
    named.push({ path, file, inspect: inspectBy(() => assertSigningKey(file)) });
  }
  return named;
}

/** The gateway makes the file, but not the directory that it is in. */
function inspectAuditFile(file: string): readonly Remark[] {
  if (isDirectory(file)) return [{ severity: 'error', message: `${file} is a directory` }];
  const directory = dirname(file);
  if (isDirectory(directory)) return [];
  return [{ severity: 'error', message: `there is no directory ${directory}` }];
}

function isDirectory(path: string): boolean {
  return existsSync(`${path}/`);
}
