import type { Decision } from '../decision.ts';
import type { Action } from '../policy/policy-spec.ts';
import type { Reason } from '../reason.ts';

/** One check of a request, before anything is done about it. */
interface CheckRow {
  readonly name: string;
  /** What is checked; what is not known yet is checked as everything. */
  readonly actions: readonly Action[];
  /** Every reason that it can end in. */
  readonly reasons: readonly Reason[];
}

const EVERYTHING: readonly Action[] = ['push', 'delete', 'read'];
const WRITES: readonly Action[] = ['push', 'delete'];

/**
 * Every check in its order, which is the security property: nobody learns anything before a
 * credential is proved, and no body is read before everything else allows the push. `admit` and
 * `explain` go by this table, and `docs/contribute/lifecycle.md` is held to it.
 */
export const CHECKS = [
  { name: 'draining', actions: EVERYTHING, reasons: ['draining'] },
  { name: 'framing', actions: EVERYTHING, reasons: ['request_malformed', 'expectation_failed'] },
  { name: 'gateway_network', actions: EVERYTHING, reasons: ['network_not_allowed'] },
  {
    name: 'credential',
    actions: EVERYTHING,
    reasons: [
      'credential_missing',
      'credential_invalid',
      'credential_expired',
      'too_many_failures',
      'overloaded',
      'issuer_unavailable',
      'state_unavailable',
    ],
  },
  { name: 'cross_site', actions: WRITES, reasons: ['cross_site'] },
  {
    name: 'endpoint',
    actions: EVERYTHING,
    reasons: ['endpoint_not_found', 'method_not_allowed', 'target_invalid'],
  },
  { name: 'target', actions: WRITES, reasons: ['target_invalid'] },
  { name: 'permission', actions: EVERYTHING, reasons: ['permission_missing'] },
  { name: 'job', actions: EVERYTHING, reasons: ['job_not_allowed'] },
  { name: 'network', actions: EVERYTHING, reasons: ['network_not_allowed'] },
  { name: 'labels', actions: EVERYTHING, reasons: ['label_not_allowed'] },
  { name: 'required_labels', actions: EVERYTHING, reasons: ['label_required'] },
  { name: 'label_limits', actions: EVERYTHING, reasons: ['target_invalid'] },
  { name: 'no_body', actions: ['read'], reasons: ['request_malformed'] },
  {
    name: 'declared_body',
    actions: ['push'],
    reasons: ['body_too_large', 'encoding_not_supported'],
  },
  {
    name: 'team_limits',
    actions: WRITES,
    reasons: ['too_many_concurrent', 'rate_limited', 'state_unavailable'],
  },
  {
    name: 'body',
    actions: ['push'],
    reasons: [
      'body_too_large',
      'decoded_too_large',
      'body_timeout',
      'request_malformed',
      'body_invalid',
      'overloaded',
    ],
  },
  {
    name: 'content',
    actions: ['push'],
    reasons: ['body_invalid', 'too_many_series', 'metric_not_allowed', 'label_not_allowed'],
  },
  {
    name: 'store',
    actions: WRITES,
    reasons: [
      'upstream_unreachable',
      'upstream_invalid',
      'overloaded',
      'state_unavailable',
      'inconsistent',
      'body_invalid',
      'group_quota_exceeded',
      'series_quota_exceeded',
      'bytes_quota_exceeded',
    ],
  },
  { name: 'audit', actions: WRITES, reasons: ['audit_unavailable'] },
] as const satisfies readonly CheckRow[];

export type CheckName = (typeof CHECKS)[number]['name'];

/** Notes that a check was made; gives back what it decided. */
export type CheckOrder = <D extends Decision<unknown>>(name: CheckName, decision: D) => D;

const NAMES: readonly CheckName[] = CHECKS.map(({ name }) => name);

/**
 * Begins to check one request.
 * @param onCheck - told of each check
 * @returns what throws, as a bug, when a check is made after one that comes later in the table
 */
export function beginChecks(onCheck?: (name: CheckName) => void): CheckOrder {
  let next = 0;
  return (name, decision) => {
    let position = next; // of those that are left it is mostly the first
    while (position < NAMES.length && NAMES[position] !== name) position += 1;
    if (position === NAMES.length) throw new TypeError(`the check ${name} comes too late`);
    next = position + 1;
    onCheck?.(name);
    return decision;
  };
}
