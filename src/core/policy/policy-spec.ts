import type { CredentialSpec } from '../identity/credential.ts';
import type { ExpiryRule } from '../store/expiry.ts';
import type { TeamLimits } from './limits.ts';

/** What a team may do: `push` is POST and PUT. */
export const ACTIONS = ['push', 'delete', 'read'] as const;
export type Action = (typeof ACTIONS)[number];

/** A team as the configuration describes it, defaults already applied. */
export interface TeamSpec {
  readonly name: string;
  /** Globs on the decoded job; `*` is any run of characters. */
  readonly jobs: readonly string[];
  readonly allow: readonly Action[];
  /** Label name to globs: where the label is present, its value must match one. */
  readonly labels: Readonly<Record<string, readonly string[]>>;
  /** Label names that the grouping key of a push must have. */
  readonly requireLabels: readonly string[];
  readonly metrics: MetricRules;
  /** CIDRs; left out: any network that the gateway as a whole admits. */
  readonly allowNetworks?: readonly string[];
  /** Whether a push without one series is taken. */
  readonly emptyPushes: 'deny' | 'allow';
  /** When groups that nobody pushes to are deleted; without rules never. */
  readonly groupTtl: readonly ExpiryRule[];
  /** Observed: what the team's own rules would refuse is let through, and said. */
  readonly mode: 'enforce' | 'observe';
  readonly limits: TeamLimits;
  readonly credentials: readonly CredentialSpec[];
  /** Which Pushgateway has its groups; left out: the first of the configuration. */
  readonly upstream?: string;
}

/** Globs on metric family names. */
export interface MetricRules {
  /** Left out: every name that is not denied. */
  readonly allow?: readonly string[];
  /** Wins over `allow`. */
  readonly deny: readonly string[];
  /** Names that no other team may push. */
  readonly own: readonly string[];
}
