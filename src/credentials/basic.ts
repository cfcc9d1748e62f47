import { allow, type Decision, deny } from '../core/decision.ts';
import type { BasicSpec, HtpasswdSpec } from '../core/identity/credential.ts';
import type { Principal } from '../core/identity/principal.ts';
import { type IpAddress, renderSource } from '../core/network/ip-address.ts';
import { mapInSteps, type Steps } from '../core/steps.ts';
import type { Authenticator } from '../pipeline/ports.ts';
import type { FailureThrottle } from '../pipeline/shared-state.ts';
import type { CredentialContext } from './credential-context.ts';
import { createDecoys } from './decoys.ts';
import { checkExpiry } from './expiry.ts';
import type { PasswordVerifier } from './password-verifier.ts';
import type { TeamCredential } from './team-credential.ts';

/** Characters; the configuration takes no longer ones. */
const MAX_USERNAME = 128;

type PasswordSpec = BasicSpec | HtpasswdSpec;

/** Somebody who has a password, and who that proves to be. */
interface User {
  readonly username: string;
  readonly passwordHash: string;
  readonly spec: PasswordSpec;
  readonly principal: Principal;
}

interface Attempt {
  readonly username: string;
  readonly password: string;
  readonly address: IpAddress;
  readonly hash: string;
  readonly owner: 'user' | 'nobody';
}

/**
 * Authenticates Basic user names and passwords, those of htpasswd files too. It answers for every
 * Basic credential, so it is asked last of those that read Basic; an unknown user costs a hash as a
 * wrong password does.
 * @see RFC 7617
 */
export function* createBasicAuthenticator(
  credentials: readonly TeamCredential<PasswordSpec>[],
  context: CredentialContext,
): Steps<Authenticator | undefined> {
  const listed = yield* mapInSteps(credentials, listUsers);
  const users = new Map(listed.flat().map((user) => [user.username, user]));
  if (users.size === 0) return undefined;
  const decoyOf = createDecoys([...users.values()].map(({ passwordHash }) => passwordHash));
  const { passwords, throttle, clock } = context;
  return {
    async authenticate(presented, address) {
      if (presented.scheme !== 'basic') return undefined;
      const { username, password } = presented;
      // Nobody can have such a name, which is no secret; remembered, it would fill the memory.
      if (username.length > MAX_USERNAME) return denyUnknown();
      const user = users.get(username);
      const hash = user?.passwordHash ?? decoyOf(username);
      const owner = user === undefined ? 'nobody' : 'user';
      const attempt = { username, password, address, hash, owner } as const;
      const verified = await verify(attempt, passwords, throttle);
      if (verified.effect === 'deny') return verified;
      // A decoy that matched is no way in: nobody has it as a password.
      if (user === undefined) return denyUnknown();
      return checkExpiry(user.spec, clock, user.principal);
    },
  };
}

function denyUnknown(): Decision<never> {
  return deny('credential_invalid', { internal: 'unknown user name' });
}

function listUsers({ team, spec }: TeamCredential<PasswordSpec>): readonly User[] {
  const principal = { team, credential: spec.name, scheme: spec.type };
  if (spec.type === 'basic') {
    const { username, passwordHash } = spec;
    return [{ username, passwordHash, spec, principal }];
  }
  return spec.users.map(({ username, passwordHash }) => {
    return { username, passwordHash, spec, principal: { ...principal, subject: username } };
  });
}

async function verify(
  { username, password, address, hash, owner }: Attempt,
  passwords: PasswordVerifier,
  throttle: FailureThrottle,
): Promise<Decision<undefined>> {
  if (passwords.isKnown(password, hash)) return allow(undefined);
  const source = renderSource(address);
  // Who waits for a hash that is under way starts none.
  const isStarted = passwords.isUnderWay(password, hash);
  const begun = isStarted ? undefined : throttle.begin(source, username);
  // Attempts that come meanwhile wait for this one's hash: a throttle in memory answers at once.
  const attempt = begun instanceof Promise ? await begun : begun;
  if (attempt?.effect === 'deny') return attempt;
  const result = await passwords.verify(password, hash, source, owner);
  if (result !== 'mismatch') attempt?.value.forgive();
  if (result === 'match') return allow(undefined);
  if (result === 'busy') return deny('overloaded', { internal: 'too many password hashes wait' });
  return deny('credential_invalid', { internal: 'wrong password or unknown user name' });
}
