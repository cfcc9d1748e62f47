import type { JWTPayload } from 'jose';
import { type Deny, deny } from '../core/decision.ts';
import type { PresentedCredential } from '../core/identity/authorization-header.ts';
import { type ClaimTest, compileClaimConditions } from '../core/identity/claim-condition.ts';
import type { JwtSpec } from '../core/identity/credential.ts';
import type { Principal } from '../core/identity/principal.ts';
import { renderSource } from '../core/network/ip-address.ts';
import { mapInSteps, type Steps } from '../core/steps.ts';
import type { Authenticator } from '../pipeline/ports.ts';
import type { CredentialContext } from './credential-context.ts';
import { checkExpiry } from './expiry.ts';
import { createJwtVerifier } from './jwt-verifier.ts';
import type { TeamCredential } from './team-credential.ts';

/** A credential with its conditions compiled. */
interface Candidate extends TeamCredential<JwtSpec> {
  readonly test: ClaimTest;
}

/** Seconds after which a caller may try again whose issuer's keys are not there. */
const NO_KEYS_RETRY_SECONDS = 5;
/** Credentials whose failed condition the operational log names. */
const MAX_EXPLAINED = 3;

/**
 * Authenticates JWTs: as Bearer, or, for clients that cannot send it, as a Basic password with the
 * credential's name as the user name. The first credential whose conditions all hold decides, in
 * the order of the configuration.
 * @see RFC 7519, RFC 8725
 */
export function* createJwtAuthenticator(
  credentials: readonly TeamCredential<JwtSpec>[],
  { clock, issuers }: CredentialContext,
): Steps<Authenticator | undefined> {
  if (credentials.length === 0) return undefined;
  const candidates = yield* mapInSteps(credentials, (credential): Candidate => {
    return { ...credential, test: compileClaimConditions(credential.spec.claims) };
  });
  const verifier = createJwtVerifier(issuers, clock);
  return {
    async authenticate(presented, address) {
      const { token, name } = readToken(presented);
      // Whatever name stands beside it: one that is known would tell itself by time.
      const verdict = await verifier.verify(token, renderSource(address));
      if (verdict === undefined) return undefined;
      if (verdict.outcome === 'invalid') {
        return deny('credential_invalid', { internal: verdict.why });
      }
      if (verdict.outcome === 'busy') {
        return deny('overloaded', { internal: 'too many tokens wait to be verified' });
      }
      if (verdict.outcome === 'no_keys') return denyWithoutKeys(verdict.issuer);
      const { issuer, claims } = verdict;
      const asked = candidates.filter(({ spec }) => isAskedFor(spec, issuer, name));
      const found = asked.find(({ test }) => test(claims) === undefined);
      if (found === undefined) return denyUnmatched(asked, issuer, claims);
      if (verdict.outcome === 'expired') {
        const internal = `"exp" of the token is ${claims.exp}`;
        return deny('credential_expired', { internal, principal: principalOf(found, claims) });
      }
      return checkExpiry(found.spec, clock, principalOf(found, claims));
    },
  };
}

/** What may be a token, and the credential that a Basic user name asks for. */
function readToken(presented: PresentedCredential): { token: string; name?: string } {
  switch (presented.scheme) {
    case 'bearer':
      return { token: presented.token };
    case 'basic':
      return { token: presented.password, name: presented.username };
    case 'certificate':
      return { token: '' };
  }
}

function isAskedFor(spec: JwtSpec, issuer: string, name: string | undefined): boolean {
  return spec.issuer === issuer && (name === undefined || spec.name === name);
}

function denyWithoutKeys(issuer: string): Deny {
  return deny('issuer_unavailable', {
    internal: `the keys of issuer ${issuer} were never loaded, or too long ago`,
    retryAfterSeconds: NO_KEYS_RETRY_SECONDS,
  });
}

/** A token that is valid and meant for nobody here. */
function denyUnmatched(asked: readonly Candidate[], issuer: string, claims: JWTPayload): Deny {
  const failures = asked
    .slice(0, MAX_EXPLAINED)
    .map(({ team, spec, test }) => `credential ${spec.name} of team ${team}: ${test(claims)}`);
  const internal = failures.join('; ') || `no credential takes tokens of issuer ${issuer}`;
  return deny('credential_invalid', { internal });
}

function principalOf({ team, spec }: Candidate, { sub = '' }: JWTPayload): Principal {
  return { team, credential: spec.name, scheme: 'jwt', subject: sub };
}
