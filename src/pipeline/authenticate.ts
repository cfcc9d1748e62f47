import { allow, type Decision, deny } from '../core/decision.ts';
import {
  denyMissing,
  type PresentedCredential,
  parseAuthorization,
} from '../core/identity/authorization-header.ts';
import { explainBearerForm, explainPasswordForm } from '../core/identity/credential-form.ts';
import type { Principal } from '../core/identity/principal.ts';
import type { IpAddress } from '../core/network/ip-address.ts';
import type { GatewayRequest } from './gateway-request.ts';
import type { Authenticator } from './ports.ts';
import type { Snapshot } from './snapshot.ts';

/** What a request brings to prove who sends it. */
type Proof = Pick<GatewayRequest, 'headers' | 'clientCertificate'>;

/**
 * Finds out who sends a request. The first authenticator whose kind the credential is decides;
 * one that nobody knows is `credential_invalid`, but a certificate that nobody knows is no
 * credential at all: clients show theirs to every server. Without a credential it is the anonymous
 * team, if there is one.
 */
export async function authenticate(
  proof: Proof,
  address: IpAddress,
  { authenticators, anonymousTeam }: Pick<Snapshot, 'authenticators' | 'anonymousTeam'>,
): Promise<Decision<Principal>> {
  const proved = await prove(proof, address, authenticators);
  const isMissing = proved.effect === 'deny' && proved.reason === 'credential_missing';
  // An `Authorization` header that is wrong is one: whoever sends it wants to be somebody.
  if (!isMissing || proof.headers.authorization !== undefined) return proved;
  if (anonymousTeam === undefined) return proved;
  return allow({ team: anonymousTeam, credential: ANONYMOUS, scheme: 'none' });
}

async function prove(
  proof: Proof,
  address: IpAddress,
  authenticators: readonly Authenticator[],
): Promise<Decision<Principal>> {
  const presented = readProof(proof);
  if (presented.effect === 'deny') return presented;
  for (const authenticator of authenticators) {
    const decision = await authenticator.authenticate(presented.value, address);
    if (decision !== undefined) return withForm(decision, presented.value);
  }
  const { scheme } = presented.value;
  const internal = `no credential matches this ${scheme}`;
  if (scheme === 'certificate') return denyMissing(internal);
  return withForm(deny('credential_invalid', { internal }), presented.value);
}

/** What the form of a credential that nobody knows tells, whatever credentials there are. */
function withForm(
  decision: Decision<Principal>,
  presented: PresentedCredential,
): Decision<Principal> {
  if (decision.effect === 'allow' || decision.reason !== 'credential_invalid') return decision;
  if (presented.scheme === 'certificate') return decision;
  const form =
    presented.scheme === 'bearer'
      ? explainBearerForm(presented.token)
      : explainPasswordForm(presented.password);
  return form === undefined ? decision : { ...decision, ...form };
}

/** The name, for audit and metrics, of the credential that is none. */
const ANONYMOUS = 'anonymous';

/** An `Authorization` header decides alone, whatever certificate the connection has. */
function readProof({ headers, clientCertificate }: Proof): Decision<PresentedCredential> {
  const { authorization } = headers;
  if (authorization !== undefined || clientCertificate === undefined) {
    return parseAuthorization(authorization);
  }
  return allow({ scheme: 'certificate', certificate: clientCertificate });
}
