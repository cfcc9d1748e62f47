import type { AuditEvent } from '../../core/audit/audit-record.ts';
import type { GatewayError } from '../../core/errors.ts';

/** Characters of entries that may wait, for a slow disk or until a broken one is back. */
const MAX_LENGTH = 16 * 1024 * 1024;

/** An event on its way to the disk. */
export interface Entry {
  readonly event: AuditEvent['event'];
  /** Output of `renderEntry`. */
  readonly json: string;
  /** Whether it is written later if it cannot be written now. */
  readonly isKept: boolean;
  /** Hears once whether the event is on disk. */
  readonly waiter: Waiter | undefined;
  /** Whether its caller went on, or was refused, without it. */
  isMissed: boolean;
}

export interface Waiter {
  resolve(): void;
  reject(error: GatewayError): void;
}

/** Entries that wait for their batch, in order, up to 16 Mi characters. */
export class EntryQueue {
  #entries: Entry[] = [];
  #length = 0;

  get size(): number {
    return this.#entries.length;
  }

  /** False when there is no room: the entry was not taken. */
  push(entry: Entry): boolean {
    if (this.#length + entry.json.length > MAX_LENGTH) return false;
    this.#entries.push(entry);
    this.#length += entry.json.length;
    return true;
  }

  /** Takes entries from the front until they have `length` characters. */
  take(length: number): readonly Entry[] {
    let count = 0;
    let taken = 0;
    for (const entry of this.#entries) {
      if (taken >= length) break;
      taken += entry.json.length;
      count += 1;
    }
    this.#length -= taken;
    return this.#entries.splice(0, count);
  }
}
