import { resolve as resolvePath } from 'node:path';
import { checkUserNames } from './check-user-names.ts';
import { listIdentityFiles } from './identity-files.ts';
import { checkNamedFile, inspectBy, type NamedFile } from './named-file.ts';
import { readCertificates } from './pem.ts';
import type { Finding } from './problem.ts';
import type { RawConfig } from './schema.ts';
import { readSecret, readText, type SecretSource } from './secrets.ts';

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
  return [...listUpstreamFiles(config, directory), ...listIdentityFiles(config, directory, now)];
}

function listUpstreamFiles(
  { upstream, audit }: RawConfig,
  directory: string,
): readonly NamedFile[] {
  const { basic_auth: basicAuth, tls } = upstream;
  const { sign_key: signKey } = audit;
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
  if (signKey !== 'none') {
    const file = resolvePath(directory, signKey.file);
    named.push({
      path: ['audit', 'sign_key', 'file'],
      file,
      inspect: inspectBy(() => readText(file)),
    });
  }
  return named;
}
