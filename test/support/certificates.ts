import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** A certificate and its key, as files made by the real openssl. */
export interface CertificateFiles {
  readonly cert: string;
  readonly key: string;
}

interface IssueOptions {
  /** `DNS:edge.example, URI:spiffe://example/edge`; left out: none. */
  readonly san?: string;
  readonly usage?: 'clientAuth' | 'serverAuth';
  /** Days from today on; negative: it has ended. */
  readonly days?: number;
  readonly isAuthority?: boolean;
}

/** An authority that issues certificates into a folder. */
export interface CertificateAuthority extends CertificateFiles {
  /** Signs a certificate for a new key. */
  issue(name: string, options?: IssueOptions): CertificateFiles;
  /** An authority below this one; its certificate file holds the chain. */
  delegate(name: string): CertificateAuthority;
}

/** Makes an authority of its own. */
export function createAuthority(folder: string, name: string): CertificateAuthority {
  const files = filesOf(folder, name);
  openssl([
    ...['req', '-x509', ...NEW_KEY, '-keyout', files.key, '-out', files.cert],
    ...['-days', '2', '-subj', `/CN=${name}`],
  ]);
  return withIssuing(folder, files);
}

/** Certificates in one file, those that come first before the others. */
export function bundle(file: string, ...certs: readonly string[]): string {
  writeFileSync(file, certs.map((cert) => readFileSync(cert, 'utf8')).join(''));
  return file;
}

const NEW_KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];

function withIssuing(folder: string, authority: CertificateFiles): CertificateAuthority {
  const issue = (name: string, options: IssueOptions = {}): CertificateFiles => {
    const files = filesOf(folder, name);
    const [request, extensions] = [join(folder, `${name}.csr`), join(folder, `${name}.ext`)];
    writeFileSync(extensions, renderExtensions(options));
    openssl(['req', ...NEW_KEY, '-keyout', files.key, '-out', request, '-subj', `/CN=${name}`]);
    openssl([
      ...['x509', '-req', '-in', request, '-CA', authority.cert, '-CAkey', authority.key],
      ...['-CAcreateserial', '-days', String(options.days ?? 2), '-extfile', extensions],
      ...['-out', files.cert],
    ]);
    return files;
  };
  return {
    ...authority,
    issue,
    delegate(name) {
      const files = issue(name, { isAuthority: true });
      bundle(files.cert, files.cert, authority.cert);
      return withIssuing(folder, files);
    },
  };
}

function renderExtensions({ san, usage, isAuthority }: IssueOptions): string {
  const lines = [
    isAuthority ? 'basicConstraints=critical,CA:TRUE' : 'basicConstraints=CA:FALSE',
    san && `subjectAltName=${san}`,
    usage && `extendedKeyUsage=${usage}`,
  ];
  return lines.filter((line) => line !== undefined && line !== '').join('\n');
}

function filesOf(folder: string, name: string): CertificateFiles {
  return { cert: join(folder, `${name}.crt`), key: join(folder, `${name}.key`) };
}

function openssl(args: readonly string[]): void {
  execFileSync('openssl', args, { stdio: 'pipe' });
}
