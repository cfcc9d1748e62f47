import type { FamilyRegistry } from '../core/exposition/families.ts';
import type { AuditLog, BodyDecoders, ByteBudget, Clock, TeamLimiter } from './ports.ts';
import type { Snapshot } from './snapshot.ts';

/** Everything that `admit` works with; it outlives every configuration. */
export interface Gateway {
  /** The current configuration; to be read once in a request. */
  snapshot(): Snapshot;
  isDraining(): boolean;
  readonly clock: Clock;
  readonly audit: AuditLog;
  readonly teamLimiter: TeamLimiter;
  readonly byteBudget: ByteBudget;
  readonly decoders: BodyDecoders;
  /** What the upstream in use holds, as far as metric types go; to be read once in a request. */
  families(): FamilyRegistry;
}
