import { resolve as resolvePath } from 'node:path';
import { inspectBy, type NamedFile } from './named-file.ts';
import { readCertificates } from './pem.ts';
import { locateSecret, readSecret, type SecretSource } from './secrets.ts';

/** What the gateway shows a server that it connects to, and what it trusts; each at its key. */
interface ConnectionFiles {
  readonly password: { readonly path: readonly PropertyKey[]; readonly at?: SecretSource };
  readonly ca: { readonly path: readonly PropertyKey[]; readonly file?: string };
}

/** The secret and the certificates that it names. */
export function listConnectionFiles(
  { password, ca }: ConnectionFiles,
  directory: string,
): readonly NamedFile[] {
  const named: NamedFile[] = [];
  if (password.at !== undefined) {
    const secret = locateSecret(password.at, directory);
    const file = 'file' in secret ? secret.file : undefined;
    named.push({ path: password.path, file, inspect: inspectBy(() => readSecret(secret)) });
  }
  if (ca.file !== undefined) {
    const file = resolvePath(directory, ca.file);
    named.push({ path: ca.path, file, inspect: inspectBy(() => readCertificates(file)) });
  }
  return named;
}
