/** The kinds of credential a team can have; the same word is the config's `type`. */
const CREDENTIAL_KINDS = ['basic', 'htpasswd', 'token', 'jwt', 'certificate'] as const;
export type CredentialKind = (typeof CREDENTIAL_KINDS)[number];

/** Who sends a request: a team, and which of its credentials proved it. */
export interface Principal {
  readonly team: string;
  /** Name of the credential in the configuration, unique within the team. */
  readonly credential: string;
  /** `none`: a request without a credential, where the configuration names a team for those. */
  readonly scheme: CredentialKind | 'none';
  /** The JWT's `sub`, the htpasswd user, the certificate's SAN. */
  readonly subject?: string;
}
