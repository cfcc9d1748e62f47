/** What of a record tells how a push or delete stands. */
interface OutcomeFacts {
  readonly event: string;
  readonly request_id?: unknown;
  readonly decision?: unknown;
  readonly method?: unknown;
  readonly unknown_outcomes?: unknown;
}

/**
 * Follows records in order and knows which allowed pushes and deletes have no outcome yet, those for
 * the age of a group and moves to another Pushgateway among them.
 */
export class OpenOutcomes {
  readonly #ids = new Set<string>();

  /** Their request ids, oldest first. */
  get ids(): readonly string[] {
    return [...this.#ids];
  }

  /** Leaves out one that went no further. */
  forget(id: string): void {
    this.#ids.delete(id);
  }

  /** Takes the next record. */
  follow(record: OutcomeFacts): void {
    const { event, request_id: id, decision, method, unknown_outcomes: reported } = record;
    if (event === 'recovered' && Array.isArray(reported)) {
      for (const known of reported) this.#ids.delete(known);
    }
    if (typeof id !== 'string') return;
    const isRead = method === 'GET' || method === 'HEAD';
    // a refusal ends an allowed one too: it did not get to disk in time
    const isAllowed = event === 'decision' && decision === 'allow' && !isRead;
    if (isAllowed || event === 'expired' || event === 'moved') this.#ids.add(id);
    else this.#ids.delete(id);
  }
}
