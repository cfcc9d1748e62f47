import type { CredentialKind } from '../../core/identity/principal.ts';
import type { NotedRefusal } from '../../pipeline/ports/team-activity.ts';

/** Everything that the page of a team shows, as plain values; times are milliseconds since the epoch. */
export interface PageView {
  readonly now: number;
  readonly caller: CallerView;
  readonly upstream: UpstreamView;
  /** Undefined for a team that may not read. */
  readonly groups: readonly GroupView[] | undefined;
  readonly quotas: readonly QuotaView[];
  /** Newest first. */
  readonly refusals: readonly NotedRefusal[];
  readonly credentials: readonly CredentialView[];
  readonly snippets: SnippetView;
  /** Said once, after something was done. */
  readonly notice?: string;
  /** Whom to ask, in the operator's words. */
  readonly contact?: string;
}

export interface CallerView {
  readonly team: string;
  readonly credential: string;
  /** Whether the groups, refusals and credentials of every team are shown. */
  readonly seesAllTeams: boolean;
  readonly mayDelete: boolean;
  /** Whether there is a session to end. */
  readonly hasSession: boolean;
}

export interface UpstreamView {
  readonly isUp: boolean;
  readonly isScrapeBroken: boolean;
  /** Names of those of several that are away. */
  readonly away?: readonly string[];
  /** Whether pushes are kept until it is back. */
  readonly isSpooling: boolean;
  /** What is kept of the team, or of all that are shown; some of it, the newest first. */
  readonly waiting?:
    | { readonly count: number; readonly newest: readonly WaitingView[] }
    | undefined;
}

/** A push or delete that waits until Pushgateway is back. */
export interface WaitingView {
  readonly at: number;
  readonly method: string;
  /** The canonical path. */
  readonly group: string;
  readonly team: string;
  readonly credential: string;
}

export interface GroupView {
  readonly job: string;
  readonly labels: readonly { readonly name: string; readonly value: string }[];
  /** The canonical path; undefined for a group that no path can name. */
  readonly target: string | undefined;
  readonly team: string | undefined;
  readonly pushedAt: number | undefined;
  readonly failedAt: number | undefined;
  readonly expiresAt: number | undefined;
  readonly series: number;
  readonly bytes: number | undefined;
  /** Who pushed last, as far as the gateway saw it. */
  readonly credential: string | undefined;
  readonly families: readonly FamilyView[];
}

export interface FamilyView {
  readonly name: string;
  readonly type: string;
  readonly series: number;
}

/** How much of a bound of the team is taken. */
export interface QuotaView {
  readonly name: 'groups' | 'series' | 'bytes';
  readonly used: number;
  readonly limit: number;
}

export interface CredentialView {
  readonly team: string;
  readonly name: string;
  readonly kind: CredentialKind;
  /** Undefined when it was not used since the start. */
  readonly lastUsedAt: number | undefined;
  readonly expiresAt: number | undefined;
}

export interface SnippetView {
  /** Where to push, without a slash at the end. */
  readonly url: string;
  /** A job that the team may push to. */
  readonly job: string;
  /** What the credentials of the team are: a password where none of them is a token. */
  readonly login: 'token' | 'password';
}
