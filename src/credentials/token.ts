import { hash, timingSafeEqual } from 'node:crypto';
import type { TokenSpec } from '../core/identity/credential.ts';
import type { Authenticator } from '../pipeline/ports.ts';
import type { CredentialContext } from './credential-context.ts';
import { checkExpiry } from './expiry.ts';
import type { TeamCredential } from './team-credential.ts';

/**
 * Authenticates opaque tokens by their SHA-256: as Bearer, or, for clients that cannot send it, as
 * a Basic password with the credential's name as the user name.
 * @see RFC 6750 section 2.1
 */
export function createTokenAuthenticator(
  credentials: readonly TeamCredential<TokenSpec>[],
  { clock }: CredentialContext,
): Authenticator | undefined {
  if (credentials.length === 0) return undefined;
  const byHash = new Map(
    credentials.map(({ team, spec }) => {
      const { sha256 } = spec;
      return [sha256, { team, spec, digits: Buffer.from(sha256, 'latin1') }];
    }),
  );
  return {
    authenticate(presented) {
      if (presented.scheme === 'certificate') return undefined;
      const token = presented.scheme === 'bearer' ? presented.token : presented.password;
      const digits = hash('sha256', token); // in hexadecimal, which costs a third of bytes and both
      const found = byHash.get(digits);
      if (found === undefined) return undefined;
      if (!timingSafeEqual(Buffer.from(digits, 'latin1'), found.digits)) return undefined;
      const { team, spec } = found;
      if (presented.scheme === 'basic' && presented.username !== spec.name) return undefined;
      return checkExpiry(spec, clock, { team, credential: spec.name, scheme: 'token' });
    },
  };
}
