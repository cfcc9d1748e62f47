import { resolve as resolvePath } from 'node:path';
import { z } from 'zod';
import { inspectBy, type NamedFile, type Remark } from '../engine/named-file.ts';
import { assertKeyPair, readCertificates } from '../engine/pem.ts';
import { readText } from '../engine/secrets.ts';
import type { Source } from '../engine/source.ts';
import * as value from '../engine/values.ts';

/** `tls`. */
export const tls = z
  .strictObject({
    cert_file: value.path.describe('PEM certificate chain'),
    key_file: value.path.describe('PEM private key'),
    client_ca_file: value.path.optional().describe('PEM; turns client certificates on'),
  })
  .describe('TLS on the public side; off unless given');

type RawTls = z.output<typeof tls>;

/** TLS on the public side; everything is PEM text. */
export interface TlsConfig {
  /** The gateway's own certificate, then those that lead to its authority. */
  readonly cert: string;
  readonly key: string;
  /** Authorities of client certificates; left out: clients are not asked for one. */
  readonly clientCa?: string;
}

/** @throws GatewayError ERR_SECRET_UNREADABLE */
export function resolveTls(raw: RawTls, { directory, readsSecrets }: Source): TlsConfig {
  const read = (file: string): string =>
    readsSecrets ? readText(resolvePath(directory, file)) : '';
  return {
    cert: read(raw.cert_file),
    key: read(raw.key_file),
    ...(raw.client_ca_file !== undefined && { clientCa: read(raw.client_ca_file) }),
  };
}

/**
 * The certificates and the key that it names.
 * @param now - milliseconds since the epoch
 */
export function listTlsFiles(raw: RawTls, directory: string, now: number): readonly NamedFile[] {
  const cert = resolvePath(directory, raw.cert_file);
  const key = resolvePath(directory, raw.key_file);
  const clientCa = raw.client_ca_file && resolvePath(directory, raw.client_ca_file);
  const pair: readonly NamedFile[] = [
    { path: ['tls', 'cert_file'], file: cert, inspect: () => inspectOwnCertificate(cert, now) },
    { path: ['tls', 'key_file'], file: key, inspect: inspectBy(() => assertKeyPair(key, cert)) },
  ];
  if (clientCa === undefined) return pair;
  const inspect = () => inspectAuthorities(clientCa);
  return [...pair, { path: ['tls', 'client_ca_file'], file: clientCa, inspect }];
}

const SERVER_AUTH = '1.3.6.1.5.5.7.3.1';

/** What no client takes, whatever it trusts. */
function inspectOwnCertificate(file: string, now: number): readonly Remark[] {
  const [own] = readCertificates(file);
  if (own === undefined) return [];
  const { validFromDate, validToDate, subjectAltName, keyUsage } = own;
  const problems = [
    [now >= validToDate.getTime(), 'has expired'],
    [now < validFromDate.getTime(), `is not valid before ${validFromDate.toISOString()}`],
    [subjectAltName === undefined, 'has no subject alternative name: clients look at no other'],
    [keyUsage?.includes(SERVER_AUTH) === false, 'is not for servers (extended key usage)'],
  ] as const;
  return problems
    .filter(([isSo]) => isSo)
    .map(([, what]) => ({ severity: 'warning', message: `the certificate in ${file} ${what}` }));
}

/** An authority that is none vouches for nobody. */
function inspectAuthorities(file: string): readonly Remark[] {
  if (readCertificates(file).some(({ ca }) => ca)) return [];
  const message = `no certificate in ${file} is one of an authority: no client's leads to it`;
  return [{ severity: 'warning', message }];
}
