import { parseAuthorization } from '../core/authorization-header.ts';
import { type Decision, deny } from '../core/decision.ts';
import type { IpAddress } from '../core/ip-address.ts';
import type { Principal } from '../core/principal.ts';
import type { Authenticator } from './ports.ts';

/**
 * Finds out who sends a request. The first authenticator whose kind the credential is decides;
 * one that nobody knows is `credential_invalid`.
 */
export async function authenticate(
  authorization: string | undefined,
  address: IpAddress,
  authenticators: readonly Authenticator[],
): Promise<Decision<Principal>> {
  const presented = parseAuthorization(authorization);
  if (presented.effect === 'deny') return presented;
  for (const authenticator of authenticators) {
    const decision = await authenticator.authenticate(presented.value, address);
    if (decision !== undefined) return decision;
  }
  return deny('credential_invalid', {
    internal: `no credential matches this ${presented.value.scheme}`,
  });
}
