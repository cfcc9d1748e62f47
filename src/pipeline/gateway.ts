import type { Decision } from '../core/decision.ts';
import type { MaybePromise } from '../core/maybe-promise.ts';
import type { TeamPolicy } from '../core/policy/policy.ts';
import type { GroupId } from '../core/store/group.ts';
import type { Upstream, UpstreamReading } from './ports/upstream.ts';
import type {
  AuditLog,
  BodyDecoders,
  ByteBudget,
  Clock,
  Lease,
  ParseContent,
  TeamLimiter,
} from './ports.ts';
import type { Snapshot } from './snapshot.ts';

/** A group that something is pushed to or deleted from. */
interface WrittenGroup {
  readonly id: GroupId;
  readonly job: string;
  readonly action: 'push' | 'delete';
}

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
   * Waits while a group is moved from one upstream to another; it is not until the lease is given
   * back. Ends in `overloaded` when that takes longer.
   */
  enterGroup(id: GroupId, waitMs: number): MaybePromise<Decision<Lease>>;
  /**
   * The upstream that a push or delete goes to; to be picked once in a request, and given back.
   * @param group - that it is about
   */
  upstream(team: string, group: WrittenGroup): Upstream;
  /** All that a team may look at, until it is given back. */
  reading(team: TeamPolicy): UpstreamReading;
  /** What it may look at of one upstream, by its name. Ends in `endpoint_not_found`. */
  readingOf(name: string, team: TeamPolicy): Decision<UpstreamReading>;
}
