import type { ChainHead } from '../../core/audit/audit-chain.ts';
import type { AuditEvent } from '../../core/audit/audit-record.ts';
import type { GatewayError } from '../../core/errors.ts';

/** Hears what becomes of the events. */
export interface CommitObserver {
  /** A record of this kind is on disk, and everything up to `head`. */
  recorded(event: AuditEvent['event'], head: ChainHead): void;
  /** An event was not on disk in time: its caller was refused, or went on without it. */
  missed(event: AuditEvent['event']): void;
  /** The log cannot be written from now on, or takes only what has begun. */
  unavailable(error: GatewayError): void;
  /** The log is written again. */
  available(): void;
  /** The end of the chain, after each checkpoint. */
  checkpoint(head: ChainHead): void;
}
