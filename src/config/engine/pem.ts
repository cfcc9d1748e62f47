import { createPrivateKey, X509Certificate } from 'node:crypto';
import { createSecureContext } from 'node:tls';
import { GatewayError } from '../../core/errors.ts';
import { readText } from './secrets.ts';

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g;

/**
 * Reads the certificates of a PEM file. TLS takes a file without any, and then trusts nothing.
 * @throws GatewayError ERR_SECRET_UNREADABLE
 */
export function readCertificates(file: string): readonly X509Certificate[] {
  const blocks = readText(file).match(CERTIFICATE) ?? [];
  try {
    if (blocks.length === 0) throw new TypeError('no certificate');
    return blocks.map((block) => new X509Certificate(block));
  } catch (cause) {
    throw unusable(`${file} holds no PEM certificate that can be read`, cause);
  }
}

/**
 * Holds a private key against the certificate that it should belong to, if there is one.
 * @throws GatewayError ERR_SECRET_UNREADABLE when they are no pair; never shows the key
 */
export function assertKeyPair(keyFile: string, certFile: string): void {
  const key = readText(keyFile);
  const cert = readCertificatesIfAny(certFile).map(String).join('');
  try {
    createSecureContext({ key, ...(cert !== '' && { cert }) });
  } catch (cause) {
    const isMismatch = cause instanceof Error && cause.message.includes('values mismatch');
    const what = isMismatch ? `is not the key of the certificate in ${certFile}` : NO_KEY;
    throw unusable(`${keyFile} ${what}`, cause);
  }
}

/**
 * Holds a file against what signs checkpoints.
 * @throws GatewayError ERR_SECRET_UNREADABLE; never shows the key
 */
export function assertSigningKey(file: string): void {
  const pem = readText(file);
  try {
    const { asymmetricKeyType } = createPrivateKey(pem);
    if (asymmetricKeyType !== 'ed25519') throw new TypeError(`${asymmetricKeyType}`);
  } catch (cause) {
    throw unusable(`${file} holds no PEM private key of Ed25519`, cause);
  }
}

function readCertificatesIfAny(file: string): readonly X509Certificate[] {
  try {
    return readCertificates(file);
  } catch (error) {
    if (error instanceof GatewayError) return [];
    throw error;
  }
}

const NO_KEY = 'holds no PEM private key that can be read without a passphrase';

function unusable(message: string, cause: unknown): GatewayError {
  return new GatewayError('ERR_SECRET_UNREADABLE', message, { cause });
}
