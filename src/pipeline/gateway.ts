import type {
  AuditLog,
  BodyDecoders,
  ByteBudget,
  Clock,
  ParseContent,
  TeamLimiter,
  Upstream,
} from './ports.ts';
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
  readonly parseContent: ParseContent;
  /** Lets other requests go on in the middle of long work. */
  readonly pause: () => Promise<unknown>;
  /**
   * The upstream that a request goes to; to be picked once in a request, and given back.
   * @param job - undefined for what is about no job alone
   */
  upstream(team: string, job: string | undefined): Upstream;
}
