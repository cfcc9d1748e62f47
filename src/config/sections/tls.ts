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
  const inspect = inspectBy(() => readCertificates(clientCa));
  return [...pair, { path: ['tls', 'client_ca_file'], file: clientCa, inspect }];
}

function inspectOwnCertificate(file: string, now: number): readonly Remark[] {
  const expiry = readCertificates(file)[0]?.validToDate.getTime() ?? 0;
  if (now < expiry) return [];
  return [{ severity: 'warning', message: `the certificate in ${file} has expired` }];
}
