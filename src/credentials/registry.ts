import type { CredentialSpec } from '../core/credential.ts';
import type { TeamSpec } from '../core/policy-spec.ts';
import type { Authenticator, Clock, FailureThrottle } from '../pipeline/ports.ts';
import { createBasicAuthenticator } from './basic.ts';
import type { PasswordVerifier } from './password-verifier.ts';
import { createTokenAuthenticator } from './token.ts';

/** A credential and the team it belongs to. */
export interface TeamCredential<Spec extends CredentialSpec> {
  readonly team: string;
  readonly spec: Spec;
}

/** What authenticators share. */
export interface CredentialContext {
  readonly clock: Clock;
  readonly passwords: PasswordVerifier;
  readonly throttle: FailureThrottle;
}

type SpecOf<Kind extends CredentialSpec['type']> = Extract<CredentialSpec, { type: Kind }>;

type CreateAuthenticator<Kind extends CredentialSpec['type']> = (
  credentials: readonly TeamCredential<SpecOf<Kind>>[],
  context: CredentialContext,
) => Authenticator | undefined;

interface KindRow<Kind extends CredentialSpec['type']> {
  readonly create: CreateAuthenticator<Kind>;
  /** What a 401 offers for it. */
  readonly challenge: string;
}

const BASIC_CHALLENGE = 'Basic realm="pushwarden", charset="UTF-8"';
const BEARER_CHALLENGE = 'Bearer realm="pushwarden"';

/** A row for every kind, cheap ones first: they are asked in this order. */
const KINDS = {
  token: { create: createTokenAuthenticator, challenge: BEARER_CHALLENGE },
  basic: { create: createBasicAuthenticator, challenge: BASIC_CHALLENGE },
} as const satisfies { readonly [Kind in CredentialSpec['type']]: KindRow<Kind> };

/** Builds an authenticator for each kind of credential that any team has. */
export function createAuthenticators(
  teams: readonly TeamSpec[],
  context: CredentialContext,
): readonly Authenticator[] {
  const authenticators = [
    KINDS.token.create(credentialsOf(teams, 'token'), context),
    KINDS.basic.create(credentialsOf(teams, 'basic'), context),
  ];
  return authenticators.filter((authenticator) => authenticator !== undefined);
}

/**
 * The `WWW-Authenticate` values for the kinds that are configured, Basic first: some clients look
 * at no other.
 * @see RFC 9110 section 11.6.1
 */
export function renderChallenges(teams: readonly TeamSpec[]): readonly string[] {
  const kinds = teams.flatMap(({ credentials }) => credentials.map(({ type }) => type));
  const challenges = new Set(kinds.map((kind) => KINDS[kind].challenge));
  // A 401 must offer something, even where nobody can have a credential yet.
  return challenges.size === 0 ? [BEARER_CHALLENGE] : [...challenges].sort();
}

function credentialsOf<Kind extends CredentialSpec['type']>(
  teams: readonly TeamSpec[],
  kind: Kind,
): readonly TeamCredential<SpecOf<Kind>>[] {
  return teams.flatMap(({ name: team, credentials }) =>
    credentials
      .filter((spec): spec is SpecOf<Kind> => spec.type === kind)
      .map((spec) => ({ team, spec })),
  );
}
