import type { Clock } from '../pipeline/ports.ts';
import type { FailureThrottle } from '../pipeline/shared-state.ts';
import type { Issuer } from './jwt-verifier.ts';
import type { PasswordVerifier } from './password-verifier.ts';

/** What authenticators share. */
export interface CredentialContext {
  readonly clock: Clock;
  readonly passwords: PasswordVerifier;
  readonly throttle: FailureThrottle;
  readonly issuers: readonly Issuer[];
}
