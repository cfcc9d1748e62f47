import { allow, type Decision } from '../core/decision.ts';
import type { PushContent, PushedFamily } from '../core/exposition/push-content.ts';
import { andThen, type MaybePromise } from '../core/maybe-promise.ts';
import type { GroupClaim, PushEnd } from '../core/store/group-store.ts';
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
export function claimGroup(
  arrival: KnownArrival,
  { store }: Upstream,
  { method, target, content }: UnderstoodPush,
): MaybePromise<Decision<HeldClaim>> {
  const { team, credential, at } = senderOf(arrival);
  const { passes } = arrival.observation;
  const isObserved = arrival.team.mode === 'observe';
  const push = { method, target, content, team, credential, at, passes, isObserved };
  const claiming = store.claim(push);
  return andThen(claiming, (claim) =>
    claim.effect === 'deny' ? claim : allow(holdClaim(arrival, claim.value)),
  );
}

/** Who pushes or deletes, and when. */
export function senderOf({ gateway, team, trail }: KnownArrival): Sender {
  const credential = trail.facts.principal?.credential ?? '';
  return { team: team.name, credential, at: gateway.clock.now() };
}

/** What nobody settles until the request ends did not get as far as the store. */
export function holdClaim({ scope }: KnownArrival, claim: GroupClaim): HeldClaim {
  return scope.use(new Held(claim));
}

class Held implements HeldClaim {
  readonly adopted: GroupClaim['adopted'];
  readonly isCurrent: GroupClaim['isCurrent'];
  readonly #claim: GroupClaim;
  #isReleased = false;

  constructor(claim: GroupClaim) {
    this.adopted = claim.adopted;
    this.isCurrent = claim.isCurrent;
    this.#claim = claim;
  }

  settle(end: PushEnd): MaybePromise<void> {
    return this.#claim.settle(end);
  }

  release(): void {
    this.#isReleased = true;
  }

  [Symbol.dispose](): void {
    if (!this.#isReleased) void this.#claim.settle('refused');
  }
}

/** A text in which families have the type with which they are claimed. */
export function declareTypes(body: Uint8Array, adopted: readonly PushedFamily[]): Uint8Array {
  if (adopted.length === 0) return body;
  const lines = adopted.map(({ name, type }) => `# TYPE ${name} ${type}\n`);
  return Buffer.concat([Buffer.from(lines.join('')), body]);
}
