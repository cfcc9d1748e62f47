import { allow, type Decision } from '../core/decision.ts';
import type { PushContent, PushedFamily } from '../core/exposition/push-content.ts';
import type { GroupClaim } from '../core/store/group-store.ts';
import type { PushTarget } from '../core/target/push-target.ts';
import type { HeldClaim, Sender } from './admission.ts';
import type { KnownArrival } from './arrival.ts';
import type { Upstream } from './ports/upstream.ts';

/** A push whose body was understood in full. */
interface UnderstoodPush {
  readonly method: 'POST' | 'PUT';
  readonly target: PushTarget;
  readonly content: PushContent;
}

/** Holds the push against the store, and keeps others off what it brings until it has ended. */
export async function claimGroup(
  arrival: KnownArrival,
  { store }: Upstream,
  push: UnderstoodPush,
): Promise<Decision<HeldClaim>> {
  const { passes } = arrival.observation;
  const isObserved = arrival.team.mode === 'observe';
  const claim = await store.claim({ ...push, ...senderOf(arrival), passes, isObserved });
  return claim.effect === 'deny' ? claim : allow(holdClaim(arrival, claim.value));
}

/** Who pushes or deletes, and when. */
export function senderOf({ gateway, team, trail }: KnownArrival): Sender {
  const credential = trail.facts.principal?.credential ?? '';
  return { team: team.name, credential, at: gateway.clock.now() };
}

/** What nobody settles until the request ends did not get as far as the store. */
export function holdClaim({ scope }: KnownArrival, claim: GroupClaim): HeldClaim {
  let isReleased = false;
  scope.defer(() => {
    if (!isReleased) void claim.settle('refused');
  });
  const release = (): void => {
    isReleased = true;
  };
  return { ...claim, release };
}

/** A text in which families have the type with which they are claimed. */
export function declareTypes(body: Uint8Array, adopted: readonly PushedFamily[]): Uint8Array {
  if (adopted.length === 0) return body;
  const lines = adopted.map(({ name, type }) => `# TYPE ${name} ${type}\n`);
  return Buffer.concat([Buffer.from(lines.join('')), body]);
}
