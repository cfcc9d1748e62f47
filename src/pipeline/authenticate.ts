import { allow, type Decision, deny } from '../core/decision.ts';
import {
  denyMissing,
  type PresentedCredential,
  parseAuthorization,
} from '../core/identity/authorization-header.ts';
import { explainBearerForm, explainPasswordForm } from '../core/identity/credential-form.ts';
import type { Principal } from '../core/identity/principal.ts';
import { andThen, type MaybePromise } from '../core/maybe-promise.ts';
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
export function authenticate(
  proof: Proof,
  address: IpAddress,
  { authenticators, anonymousTeam }: Pick<Snapshot, 'authenticators' | 'anonymousTeam'>,
): MaybePromise<Decision<Principal>> {
  const proved = prove(proof, address, authenticators);
  if (anonymousTeam === undefined) return proved;
  return andThen(proved, (decision) => orAnonymous(decision, proof, anonymousTeam));
}

function orAnonymous(
  proved: Decision<Principal>,
  { headers }: Proof,
  team: string,
): Decision<Principal> {
  const isMissing = proved.effect === 'deny' && proved.reason === 'credential_missing';
  // An `Authorization` header that is wrong is one: whoever sends it wants to be somebody.
  if (!isMissing || headers.authorization !== undefined) return proved;
  return allow({ team, credential: ANONYMOUS, scheme: 'none' });
}

function prove(
  proof: Proof,
  address: IpAddress,
  authenticators: readonly Authenticator[],
): MaybePromise<Decision<Principal>> {
  const presented = readProof(proof);
  if (presented.effect === 'deny') return presented;
  const decision = ask(authenticators, presented.value, address);
  return andThen(decision, (known) => conclude(known, presented.value));
}

/** Asks one after the other until one knows the credential. */
function ask(
  authenticators: readonly Authenticator[],
  presented: PresentedCredential,
  address: IpAddress,
): ReturnType<Authenticator['authenticate']> {
  for (const [index, authenticator] of authenticators.entries()) {
    const decision = authenticator.authenticate(presented, address);
    if (decision instanceof Promise) {
      const others = authenticators.slice(index + 1);
      return decision.then((later) => later ?? ask(others, presented, address));
    }
    if (decision !== undefined) return decision;
  }
  return undefined;
}

function conclude(
  decision: Decision<Principal> | undefined,
  presented: PresentedCredential,
): Decision<Principal> {
  if (decision !== undefined) return withForm(decision, presented);
  const { scheme } = presented;
  const internal = `no credential matches this ${scheme}`;
  if (scheme === 'certificate') return denyMissing(internal);
  return withForm(deny('credential_invalid', { internal }), presented);
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
