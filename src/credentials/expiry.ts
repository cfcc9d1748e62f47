import { allow, type Decision, deny } from '../core/decision.ts';
import type { CredentialSpec } from '../core/identity/credential.ts';
import type { Principal } from '../core/identity/principal.ts';
import type { Clock } from '../pipeline/ports.ts';

/** Refuses an expired credential; only to be asked once the caller proved to hold it. */
export function checkExpiry(
  spec: CredentialSpec,
  clock: Clock,
  principal: Principal,
): Decision<Principal> {
  if (spec.expires === undefined || clock.now() < spec.expires) return allow(principal);
  return deny('credential_expired', {
    principal,
    internal: `credential ${principal.credential} of team ${principal.team} has expired`,
  });
}
