/** The certificate that a client proved to hold when its connection was opened. */
export interface ClientCertificate {
  /** Subject alternative names. */
  readonly dnsNames: readonly string[];
  readonly uris: readonly string[];
  /** SHA-256 of the certificate in DER, 64 lower-case hexadecimal digits. */
  readonly fingerprint: string;
  /** Milliseconds since the epoch from which on it is not valid. */
  readonly notAfter: number;
  /** Why it is not to be believed: it leads to no authority that is trusted. */
  readonly distrust?: string;
}

/** A name, its type before it; quoted where it has characters that could be mistaken. */
const NAME = /([^:,]+):("(?:[^"\\]|\\.)*"|[^,]*)(?:, |$)/y;

/**
 * Reads subject alternative names as `node:crypto` and `node:tls` write them:
 * `DNS:a.example, URI:spiffe://example/a`. Other types than these two are left out.
 */
export function parseSubjectAltNames(text: string): Pick<ClientCertificate, 'dnsNames' | 'uris'> {
  const names = [...text.matchAll(new RegExp(NAME, 'gy'))].map(([, type, value = '']) => ({
    type,
    value: value.startsWith('"') ? unquote(value) : value,
  }));
  const ofType = (wanted: string): readonly string[] =>
    names.flatMap(({ type, value }) => (type === wanted ? value : []));
  return { dnsNames: ofType('DNS'), uris: ofType('URI') };
}

function unquote(text: string): string {
  const value: unknown = JSON.parse(text);
  return String(value);
}
