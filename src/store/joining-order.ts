import type { LogEntry } from '../pipeline/shared-state.ts';

/** Who of the members of a log joined before this one and is still there, and who came last. */
export class JoiningOrder {
  readonly #own: string | undefined;
  /** Undefined until this one has heard of itself. */
  #before: number | undefined;
  readonly #later = new Set<string>();
  #latest: string | undefined;

  /** @param own - this one; undefined while it has not joined */
  constructor(own: string | undefined) {
    this.#own = own;
  }

  note({ kind, member, members }: Exclude<LogEntry, { readonly kind: 'operation' }>): void {
    if (kind === 'joined') {
      this.#latest = member;
      if (member === this.#own) this.#before = members - 1;
      else this.#later.add(member);
    } else if (!this.#later.delete(member) && this.#before !== undefined) this.#before -= 1;
  }

  /** All have begun anew, those that came last too. */
  begun(): void {
    this.#latest = undefined;
  }

  /** Who joined last, as long as nobody has begun anew since. */
  latest(): string | undefined {
    return this.#latest;
  }

  /** Whether all that joined before this one are gone. */
  isFirst(): boolean {
    return this.#before === 0;
  }
}
