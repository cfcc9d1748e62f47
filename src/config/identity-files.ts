import { resolve as resolvePath } from 'node:path';
import { hasSecretKey, parseJwks } from '../core/identity/jwks.ts';
import { inspectBy, type NamedFile, type Remark } from './named-file.ts';
import { assertKeyPair, readCertificates } from './pem.ts';
import { readHtpasswd } from './read-htpasswd.ts';
import type { RawConfig } from './schema.ts';
import { readText } from './secrets.ts';

/** Lists the files that say who may come in: certificates, key sets, htpasswd files. */
export function listIdentityFiles(
  config: RawConfig,
  directory: string,
  now: number,
): readonly NamedFile[] {
  const teams = Object.entries(config.teams);
  return [
    ...listTlsFiles(config, directory, now),
    ...Object.entries(config.issuers).flatMap(([name, issuer]) =>
      listIssuerFiles(['issuers', name], issuer, directory),
    ),
    ...teams.flatMap(([team, { credentials }]) =>
      credentials.flatMap((credential, index): readonly NamedFile[] => {
        if (credential.type !== 'htpasswd') return [];
        const file = resolvePath(directory, credential.file);
        const path = ['teams', team, 'credentials', index, 'file'];
        return [{ path, file, inspect: () => inspectHtpasswd(file) }];
      }),
    ),
  ];
}

function listTlsFiles({ tls }: RawConfig, directory: string, now: number): readonly NamedFile[] {
  if (tls === undefined) return [];
  const cert = resolvePath(directory, tls.cert_file);
  const key = resolvePath(directory, tls.key_file);
  const clientCa = tls.client_ca_file && resolvePath(directory, tls.client_ca_file);
  const pair: readonly NamedFile[] = [
    { path: ['tls', 'cert_file'], file: cert, inspect: () => inspectOwnCertificate(cert, now) },
    { path: ['tls', 'key_file'], file: key, inspect: inspectBy(() => assertKeyPair(key, cert)) },
  ];
  if (clientCa === undefined) return pair;
  const inspect = inspectBy(() => readCertificates(clientCa));
  return [...pair, { path: ['tls', 'client_ca_file'], file: clientCa, inspect }];
}

function listIssuerFiles(
  path: readonly PropertyKey[],
  issuer: RawConfig['issuers'][string],
  directory: string,
): readonly NamedFile[] {
  const inspectors = {
    jwks_file: (file: string) => () => inspectJwks(file),
    ca_file: (file: string) => inspectBy(() => readCertificates(file)),
    bearer_file: (file: string) => inspectBy(() => readText(file)),
  };
  return Object.entries(inspectors).flatMap(([key, inspectorOf]): readonly NamedFile[] => {
    const name = issuer[key as keyof typeof inspectors]; // a key of a const object
    if (name === undefined) return [];
    const file = resolvePath(directory, name);
    return [{ path: [...path, key], file, inspect: inspectorOf(file) }];
  });
}

function inspectOwnCertificate(file: string, now: number): readonly Remark[] {
  const expiry = readCertificates(file)[0]?.validToDate.getTime() ?? 0;
  if (now < expiry) return [];
  return [{ severity: 'warning', message: `the certificate in ${file} has expired` }];
}

function inspectJwks(file: string): readonly Remark[] {
  const text = readText(file);
  parseJwks(text);
  if (!hasSecretKey(text)) return [];
  const message = `${file} has a secret key in it, with which its readers can sign tokens: keep the public ones`;
  return [{ severity: 'warning', message }];
}

function inspectHtpasswd(file: string): readonly Remark[] {
  const { errors, warnings } = readHtpasswd(file);
  return [
    ...errors.map((text) => ({ severity: 'error', message: `${file}: ${text}` }) as const),
    ...warnings.map((text) => ({ severity: 'warning', message: `${file}: ${text}` }) as const),
  ];
}
