import type { Principal } from './identity/principal.ts';
import type { Reason } from './reason.ts';

/** What a step of the pipeline answers: a value to go on with, or a refusal that ends it. */
export type Decision<T> = Allow<T> | Deny;

export interface Allow<T> {
  readonly effect: 'allow';
  readonly value: T;
}

/** A refusal is a value: it is answered, audited and counted, never thrown. */
export interface Deny extends DenyDetails {
  readonly effect: 'deny';
  readonly reason: Reason;
}

interface DenyDetails {
  /** One sentence for the caller that says what to change; the reason's title when left out. */
  readonly detail?: string;
  /** Further lines for the caller, after the sentence. */
  readonly hints?: readonly string[];
  /** Who it is, where a refused credential was proved all the same: one that has expired. */
  readonly principal?: Principal;
  /** For the operational log only: may name what the caller must not learn. */
  readonly internal?: string;
  /** Protects another team or the store: a team that is only observed is refused all the same. */
  readonly isFirm?: true;
  /** For a series with the hash of another one, which never comes about by chance. */
  readonly isCollision?: true;
  /** Methods that the path takes, for the `Allow` header of a 405. */
  readonly allowedMethods?: readonly string[];
  /** Seconds after which trying again makes sense, for `Retry-After`. */
  readonly retryAfterSeconds?: number;
}

/** Lets the pipeline go on with `value`. */
export function allow<T>(value: T): Allow<T> {
  return { effect: 'allow', value };
}

/** Ends the pipeline with `reason`. */
export function deny(reason: Reason, details: DenyDetails | string = {}): Deny {
  return {
    effect: 'deny',
    reason,
    ...(typeof details === 'string' ? { detail: details } : details),
  };
}
