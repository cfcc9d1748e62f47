import type { RecoveredEvent, RecoveryCause } from '../../core/audit/audit-record.ts';
import { GatewayError } from '../../core/errors.ts';

/** A time in which the log cannot be written; over when a record of it is on disk. */
export class Outage {
  readonly #cause: RecoveryCause;
  readonly #message: string;
  /** Bytes that had reached the file and were cut from it. */
  tornBytes = 0;
  /** Events that nobody keeps. */
  lostEvents = 0;
  /**
   * `down`: every event is missed at once; `due`: the disk may be tried; `low`: the disk is full
   * and only what has begun is written, to space that had been put aside.
   */
  phase: 'down' | 'due' | 'low' = 'down';

  constructor(cause: RecoveryCause, message: string) {
    this.#cause = cause;
    this.#message = message;
  }

  /** What a caller is told whose event is not on disk. */
  toError(): GatewayError {
    const message = `the audit log cannot be written: ${this.#message}`;
    return new GatewayError('ERR_AUDIT_UNAVAILABLE', message);
  }

  /** The record of it. */
  toEvent(): RecoveredEvent {
    return {
      event: 'recovered',
      cause: this.#cause,
      detail: this.#message,
      torn_bytes: this.tornBytes,
      unknown_outcomes: [],
      lost_events: this.lostEvents,
    };
  }
}
