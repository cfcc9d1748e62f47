import { deny } from '../core/decision.ts';
import type { ClientCertificate } from '../core/identity/client-certificate.ts';
import type { CertificateSpec } from '../core/identity/credential.ts';
import { compileGlobs } from '../core/matcher.ts';
import { mapInSteps, type Steps } from '../core/steps.ts';
import type { Authenticator } from '../pipeline/ports.ts';
import type { CredentialContext } from './credential-context.ts';
import { checkExpiry } from './expiry.ts';
import type { TeamCredential } from './team-credential.ts';

/** A credential with its glob compiled. */
interface Candidate extends TeamCredential<CertificateSpec> {
  /** The name that the certificate goes by, if it is this credential's. */
  readonly match: (certificate: ClientCertificate) => string | undefined;
}

/**
 * Authenticates client certificates that lead to a trusted authority, by subject alternative name
 * or fingerprint. The first credential that matches decides, in the order of the configuration.
 * @see RFC 5280 section 4.2.1.6
 */
export function* createCertificateAuthenticator(
  credentials: readonly TeamCredential<CertificateSpec>[],
  { clock }: CredentialContext,
): Steps<Authenticator | undefined> {
  if (credentials.length === 0) return undefined;
  const candidates = yield* mapInSteps(credentials, (credential): Candidate => {
    return { ...credential, match: compileMatch(credential.spec) };
  });
  return {
    authenticate(presented) {
      if (presented.scheme !== 'certificate') return undefined;
      const { certificate } = presented;
      if (certificate.distrust !== undefined) {
        const internal = `the client certificate is not trusted: ${certificate.distrust}`;
        return deny('credential_invalid', { internal });
      }
      for (const { team, spec, match } of candidates) {
        const subject = match(certificate);
        if (subject === undefined) continue;
        const principal = { team, credential: spec.name, scheme: 'certificate', subject } as const;
        // The connection can outlive the certificate that opened it.
        if (clock.now() >= certificate.notAfter) {
          const internal = 'the client certificate has expired';
          return deny('credential_expired', { internal, principal });
        }
        return checkExpiry(spec, clock, principal);
      }
      return undefined;
    },
  };
}

function compileMatch({ san, fingerprint }: CertificateSpec): Candidate['match'] {
  const findName = san === undefined ? undefined : compileName(san);
  return (certificate) => {
    if (fingerprint !== undefined && certificate.fingerprint !== fingerprint) return undefined;
    if (findName !== undefined) return findName(certificate);
    const [name = `sha256:${certificate.fingerprint}`] = listNames(certificate);
    return fingerprint === undefined ? undefined : name;
  };
}

/** A URI has a colon and a DNS name, whose case does not count, never has one. */
function compileName(san: string): (certificate: ClientCertificate) => string | undefined {
  if (san.includes(':')) {
    const glob = compileGlobs([san]);
    return ({ uris }) => uris.find((uri) => glob.matches(uri));
  }
  const glob = compileGlobs([san.toLowerCase()]);
  return ({ dnsNames }) => dnsNames.find((name) => glob.matches(name.toLowerCase()));
}

function listNames({ dnsNames, uris }: ClientCertificate): readonly string[] {
  return [...uris, ...dnsNames];
}
