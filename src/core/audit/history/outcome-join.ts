import type { PastOutcome, PastRecord } from './past-record.ts';

/** A decision or the end of a group with what came of it, or a record that stands for itself. */
export interface JoinedRecord {
  readonly record: PastRecord;
  readonly outcome?: PastOutcome;
}

/** Records that may wait for their outcome; the oldest goes without once there are more. */
const MAX_WAITING = 10_000;

interface Waiting {
  readonly record: PastRecord;
  outcome?: PastOutcome;
  isOpen: boolean;
}

/**
 * Joins decisions with their outcomes, which follow them closely, and gives them out in the order
 * of the decisions, in bounded memory.
 */
export class OutcomeJoin {
  readonly #waiting: Waiting[] = [];
  readonly #open = new Map<string, Waiting>();

  /** Whether any decision waits for its outcome. */
  awaitsAny(): boolean {
    return this.#open.size > 0;
  }

  /** Whether the decision about this request waits for its outcome. */
  awaits(requestId: string): boolean {
    return this.#open.has(requestId);
  }

  /** Takes the next record; answers what is complete now. */
  take(record: PastRecord): readonly JoinedRecord[] {
    const id = awaitedId(record);
    const waiting: Waiting = { record, isOpen: id !== undefined };
    this.#waiting.push(waiting);
    if (id !== undefined) this.#open.set(id, waiting);
    return this.#release(this.#waiting.length - MAX_WAITING);
  }

  /** Takes an outcome; answers what is complete now. */
  settle(outcome: PastOutcome): readonly JoinedRecord[] {
    const waiting = this.#open.get(outcome.request_id);
    if (waiting === undefined) return [];
    waiting.outcome = outcome;
    waiting.isOpen = false;
    this.#open.delete(outcome.request_id);
    return this.#release(0);
  }

  /** Gives out everything, complete or not. */
  flush(): readonly JoinedRecord[] {
    return this.#release(this.#waiting.length);
  }

  /** The oldest that are complete, and at least `count` of them whether they are or not. */
  #release(count: number): readonly JoinedRecord[] {
    let ready = Math.max(0, count);
    while (this.#waiting[ready]?.isOpen === false) ready += 1;
    return this.#waiting.splice(0, ready).map(({ record, outcome }) => {
      const id = awaitedId(record);
      if (id !== undefined) this.#open.delete(id);
      return { record, ...(outcome && { outcome }) };
    });
  }
}

/** The request whose outcome follows; an allowed read has none: it ends with its answer. */
function awaitedId(record: PastRecord): string | undefined {
  switch (record.event) {
    case 'decision':
      return record.decision === 'allow' && record.method !== 'GET' ? record.request_id : undefined;
    case 'expired':
    case 'moved':
      return record.request_id;
    case 'aggregate':
    case 'outcome':
      return undefined;
  }
}
