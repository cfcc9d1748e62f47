import type { GroupPush } from '../core/store/group-store.ts';
import type { Operation } from '../core/store/replica/operation.ts';
import type { OperationResult } from '../core/store/replica/replica.ts';

/** What came of an operation, or that this gateway does not know and never will. */
export type PendingResult = OperationResult | typeof LOST;
export const LOST = { kind: 'lost' } as const;

/** An operation that was sent and has not come back yet. */
interface Pending {
  readonly operation: Operation;
  readonly passes: GroupPush['passes'];
  readonly end: (result: PendingResult) => void;
}

/** The operations of this gateway that have not come back yet, by their numbers. */
export class PendingOperations {
  readonly #pending = new Map<number, Pending>();
  #requests = 0;

  /** A number that no operation of this gateway has had. */
  nextNumber(): number {
    this.#requests += 1;
    return this.#requests;
  }

  begin(operation: Operation, passes: GroupPush['passes']): Promise<PendingResult> {
    const { promise, resolve: end } = Promise.withResolvers<PendingResult>();
    this.#pending.set(operation.request, { operation, passes, end });
    return promise;
  }

  /** Takes one that came back, or never will. */
  take(request: number): Pending | undefined {
    const pending = this.#pending.get(request);
    this.#pending.delete(request);
    return pending;
  }

  loseAll(): void {
    for (const { end } of this.#pending.values()) end(LOST);
    this.#pending.clear();
  }
}
