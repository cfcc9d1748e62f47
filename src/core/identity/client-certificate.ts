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

/** RFC 1123 section 2.1, RFC 1035 section 2.3.4; what an authority signed by carelessness is no name. */
const DNS_NAME = /^[A-Za-z0-9._*-]{1,253}$/;
/** RFC 3986 section 2; as long as an identity of a workload may be. */
const URI = /^[!-~]{1,2048}$/;

/**
 * Reads subject alternative names as `node:crypto` and `node:tls` write them:
 * `DNS:a.example, URI:spiffe://example/a`. Other types than these two are left out, and
 * what is no name or URI.
 */
export function parseSubjectAltNames(text: string): Pick<ClientCertificate, 'dnsNames' | 'uris'> {
  const names = [...text.matchAll(new RegExp(NAME, 'gy'))].map(([, type, value = '']) => ({
    type,
    value: value.startsWith('"') ? unquote(value) : value,
  }));
  const ofType = (wanted: string): readonly string[] =>
    names.flatMap(({ type, value }) => (type === wanted ? value : []));
  return {
    dnsNames: ofType('DNS').filter((name) => DNS_NAME.test(name)),
    uris: ofType('URI').filter((uri) => URI.test(uri)),
  };
}

function unquote(text: string): string {
  const value: unknown = JSON.parse(text);
  return String(value);
}
