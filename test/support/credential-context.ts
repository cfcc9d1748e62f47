import { allow, deny } from '../../src/core/decision.ts';
import { parseIpAddress } from '../../src/core/network/ip-address.ts';
import type { CredentialContext } from '../../src/credentials/credential-context.ts';
import {
  createPasswordVerifier,
  type PasswordVerifier,
} from '../../src/credentials/password-verifier.ts';
import type { FailureThrottle } from '../../src/pipeline/shared-state.ts';

/** Where credentials of tests are presented from. */
export const ADDRESS = parseIpAddress('10.1.2.3') ?? { text: '10.1.2.3', family: 'ipv4' };

/** Milliseconds since the epoch at which the clock of a context stands. */
export const NOW = Date.UTC(2027, 0, 1);

/** What authenticators share: real hashes, a clock that stands, and failures that are not held against anybody. */
export function credentialContext(changes: Partial<CredentialContext> = {}): CredentialContext {
  return {
    clock: { now: () => NOW, monotonic: () => 0 },
    passwords: createPasswordVerifier({ parallel: 2 }),
    throttle: recordingThrottle(),
    issuers: [],
    ...changes,
  };
}

/** A throttle that lets everybody start a hash, or nobody, and lists the failures that count. */
export function recordingThrottle(retryAfterSeconds?: number): FailureThrottle & {
  readonly failures: readonly string[];
} {
  const failures: string[] = [];
  return {
    failures,
    begin(address, username) {
      if (retryAfterSeconds !== undefined) return deny('too_many_failures', { retryAfterSeconds });
      const pair = `${address} ${username}`;
      failures.push(pair);
      return allow({ forgive: () => void failures.splice(failures.indexOf(pair), 1) });
    },
  };
}

/** A verifier that lists the hashes it is asked to compute. */
export function recordingVerifier(
  verifier: PasswordVerifier = createPasswordVerifier({ parallel: 2 }),
): PasswordVerifier & { readonly started: readonly string[] } {
  const started: string[] = [];
  return {
    started,
    isKnown: verifier.isKnown,
    isUnderWay: verifier.isUnderWay,
    verify(password, hash, source, owner) {
      started.push(hash);
      return verifier.verify(password, hash, source, owner);
    },
  };
}
