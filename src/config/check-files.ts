import { X509Certificate } from 'node:crypto';
import { resolve as resolvePath } from 'node:path';
import { GatewayError } from '../core/errors.ts';
import type { Finding } from './problem.ts';
import type { RawConfig } from './schema.ts';
import { readSecret, readText, type SecretSource } from './secrets.ts';

/** Something beside the configuration that it names. */
interface Named {
  readonly path: readonly PropertyKey[];
  /** Reads it and throws a GatewayError for what is wrong with it. */
  readonly read: () => void;
}

/** Reads every file and variable that the configuration names, to say at its key what is wrong. */
export function checkFiles(config: RawConfig, directory: string): readonly Finding[] {
  return listNamed(config, directory).flatMap(({ path, read }): Finding[] => {
    try {
      read();
      return [];
    } catch (error) {
      if (!(error instanceof GatewayError)) throw error;
      return [{ severity: 'error', path, message: error.message }];
    }
  });
}

function listNamed({ upstream, audit }: RawConfig, directory: string): readonly Named[] {
  const { basic_auth: basicAuth, tls } = upstream;
  const { sign_key: signKey } = audit;
  const named: Named[] = [];
  if (basicAuth !== undefined) {
    const { password } = basicAuth;
    const secret: SecretSource =
      'file' in password ? { file: resolvePath(directory, password.file) } : password;
    const path = ['upstream', 'basic_auth', 'password'];
    named.push({ path, read: () => readSecret(secret) });
  }
  if (tls !== undefined) {
    const file = resolvePath(directory, tls.ca_file);
    named.push({ path: ['upstream', 'tls', 'ca_file'], read: () => readCertificates(file) });
  }
  if (signKey !== 'none') {
    const file = resolvePath(directory, signKey.file);
    named.push({ path: ['audit', 'sign_key', 'file'], read: () => readText(file) });
  }
  return named;
}

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g;

/** TLS takes a file without a certificate in it, and then trusts nothing. */
function readCertificates(file: string): void {
  const blocks = readText(file).match(CERTIFICATE) ?? [];
  try {
    if (blocks.length === 0) throw new TypeError('no certificate');
    for (const block of blocks) new X509Certificate(block);
  } catch (cause) {
    const message = `${file} holds no PEM certificate that can be read`;
    throw new GatewayError('ERR_SECRET_UNREADABLE', message, { cause });
  }
}
