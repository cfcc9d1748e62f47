import type { Reason } from '../../core/reason.ts';

/** What a team did since the start, in memory: for the page, never complete, unlike the audit log. */
export interface TeamActivity {
  noteUse(team: string, credential: string): void;
  noteRefusal(refusal: Omit<NotedRefusal, 'at' | 'count'>): void;
  /**
   * The last ones, newest first.
   * @param team - undefined for those of every team
   */
  refusals(team: string | undefined): readonly NotedRefusal[];
  /** Milliseconds since the epoch; undefined if it was not used. */
  lastUse(team: string, credential: string): number | undefined;
}

/** A refusal, or several that differ in nothing but their time and request. */
export interface NotedRefusal {
  /** Of the newest, milliseconds since the epoch. */
  readonly at: number;
  readonly count: number;
  readonly team: string;
  readonly credential: string;
  readonly method: string;
  /** As the audit log has it. */
  readonly target: string;
  readonly reason: Reason;
  readonly detail: string;
  readonly hints: readonly string[];
  readonly clientAddress: string | undefined;
  readonly requestId: string;
}
