/** What people meet, in their words. */
const PROBLEMS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nobody listens there',
  ECONNRESET: 'the connection was cut',
  EPIPE: 'the connection was cut',
  ENOTFOUND: 'the name is not known',
  EAI_AGAIN: 'the name cannot be looked up now',
  ETIMEDOUT: 'the host does not answer',
  EHOSTUNREACH: 'the host cannot be reached',
  ENETUNREACH: 'the network cannot be reached',
  EPROTO: 'it does not speak TLS: is it http and not https?',
  CERT_HAS_EXPIRED: 'its certificate has expired',
  ERR_TLS_CERT_ALTNAME_INVALID: 'its certificate is for another name',
};

/** Certificates that lead to no authority that is trusted here. */
const UNTRUSTED = new Set([
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
]);

/** Says in people's words why a server was not reached. */
export function describeNetworkError(error: Error, { host }: URL): string {
  const code = 'code' in error ? String(error.code) : '';
  if (UNTRUSTED.has(code)) {
    return `${host}: its certificate is not trusted here: name the authority's file in NODE_EXTRA_CA_CERTS`;
  }
  if (code.startsWith('HPE_')) return `${host}: the answer is not HTTP: is it https and not http?`;
  const problem = PROBLEMS[code] ?? (error.message || code);
  return `${host}: ${problem}`;
}
