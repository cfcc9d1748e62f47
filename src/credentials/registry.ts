import type { CredentialSpec } from '../core/identity/credential.ts';
import type { TeamSpec } from '../core/policy/policy-spec.ts';
import { mapInSteps, type Steps } from '../core/steps.ts';
import type { Authenticator } from '../pipeline/ports.ts';
import { createBasicAuthenticator } from './basic.ts';
import { createCertificateAuthenticator } from './certificate.ts';
import type { CredentialContext } from './credential-context.ts';
import { createJwtAuthenticator } from './jwt.ts';
import type { TeamCredential } from './team-credential.ts';
import { createTokenAuthenticator } from './token.ts';

type Kind = CredentialSpec['type'];
type SpecOf<K extends Kind> = Extract<CredentialSpec, { type: K }>;

interface KindRow {
  /** Undefined for a kind that the authenticator of another answers for. */
  readonly create:
    | ((teams: readonly TeamSpec[], context: CredentialContext) => Steps<Authenticator | undefined>)
    | undefined;
  /** What a 401 offers for it; TLS asks for certificates by itself. */
  readonly challenge: string | undefined;
}

const BASIC_CHALLENGE = 'Basic realm="pushwarden", charset="UTF-8"';
const BEARER_CHALLENGE = 'Bearer realm="pushwarden"';

/** A row for every kind, cheap ones first: they are asked in this order. */
const KINDS = {
  certificate: {
    *create(teams, context) {
      const credentials = yield* credentialsOf(teams, 'certificate');
      return yield* createCertificateAuthenticator(credentials, context);
    },
    challenge: undefined,
  },
  token: {
    *create(teams, context) {
      return createTokenAuthenticator(yield* credentialsOf(teams, 'token'), context);
    },
    challenge: BEARER_CHALLENGE,
  },
  jwt: {
    *create(teams, context) {
      return yield* createJwtAuthenticator(yield* credentialsOf(teams, 'jwt'), context);
    },
    challenge: BEARER_CHALLENGE,
  },
  // Whoever answers for unknown users has to know all the others.
  htpasswd: { create: undefined, challenge: BASIC_CHALLENGE },
  basic: {
    *create(teams, context) {
      const credentials = yield* credentialsOf(teams, 'basic', 'htpasswd');
      return yield* createBasicAuthenticator(credentials, context);
    },
    challenge: BASIC_CHALLENGE,
  },
} as const satisfies Record<Kind, KindRow>;

/** Builds an authenticator for each kind of credential that any team has, in steps for each team. */
export function* createAuthenticators(
  teams: readonly TeamSpec[],
  context: CredentialContext,
): Steps<readonly Authenticator[]> {
  const authenticators: Authenticator[] = [];
  for (const { create } of Object.values(KINDS)) {
    if (create === undefined) continue;
    const authenticator = yield* create(teams, context);
    if (authenticator !== undefined) authenticators.push(authenticator);
  }
  return authenticators;
}

/**
 * The `WWW-Authenticate` values for the kinds that are configured, Basic first: some clients look
 * at no other.
 * @see RFC 9110 section 11.6.1
 */
export function renderChallenges(teams: readonly TeamSpec[]): readonly string[] {
  const kinds = teams.flatMap(({ credentials }) => credentials.map(({ type }) => type));
  const offered = kinds.map((kind) => KINDS[kind].challenge);
  const challenges = new Set(offered.filter((challenge) => challenge !== undefined));
  // A 401 must offer something, even where nobody can have a credential yet.
  return challenges.size === 0 ? [BEARER_CHALLENGE] : [...challenges].sort();
}

function* credentialsOf<K extends Kind>(
  teams: readonly TeamSpec[],
  ...kinds: readonly K[]
): Steps<readonly TeamCredential<SpecOf<K>>[]> {
  const isOfKind = (spec: CredentialSpec): spec is SpecOf<K> =>
    kinds.some((kind) => kind === spec.type);
  const found = yield* mapInSteps(teams, ({ name: team, credentials }) =>
    credentials.filter(isOfKind).map((spec) => ({ team, spec })),
  );
  return found.flat();
}
