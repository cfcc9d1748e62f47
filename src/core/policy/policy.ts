import { allow, type Decision, deny } from '../decision.ts';
import { compileGlobs, type Matcher } from '../matcher.ts';
import type { IpAddress } from '../network/ip-address.ts';
import { compileNetworks, type NetworkSet } from '../network/network-set.ts';
import { renderName, renderQuoted } from '../printable.ts';
import { finish, mapInSteps, type Steps } from '../steps.ts';
import { compileExpiry, type Expiry } from '../store/expiry.ts';
import { coversKey, type Ownership, type OwnershipTerm } from '../store/ownership.ts';
import type { GroupQuota } from '../store/quota.ts';
import type { GroupingKey } from '../target/grouping-key.ts';
import { type ContentRules, compileFamilyRules } from './content-rules.ts';
import { checkLabelLimits } from './label-limits.ts';
import type { TeamLimits } from './limits.ts';
import type { Observation } from './observation.ts';
import { compileOwnedNames, type OwnedNames } from './owned-names.ts';
import type { Action, TeamSpec } from './policy-spec.ts';
import { renderAllowed } from './render-allowed.ts';

/** What every team may do, compiled. */
export interface Policy extends Ownership {
  /** The rules of a team; undefined for a name that the configuration does not know. */
  team(name: string): TeamPolicy | undefined;
}

export interface TeamPolicy extends ContentRules {
  readonly name: string;
  readonly jobs: RuleList;
  readonly actions: ReadonlySet<Action>;
  readonly emptyPushes: TeamSpec['emptyPushes'];
  readonly mode: TeamSpec['mode'];
  readonly expiry: Expiry;
  /** Jobs of other teams, of those that enforce their rules and may push or delete. */
  readonly foreignJobs: Pick<Matcher, 'matches'>;
  /** Whether such a team shares the job, and the labels of the key are its. */
  isForeign(key: GroupingKey): boolean;
  readonly labels: ReadonlyMap<string, RuleList>;
  /** Names of the labels that are bound to values. */
  readonly watchedLabels: ReadonlySet<string>;
  readonly requiredLabels: readonly string[];
  readonly networks: NetworkSet | undefined;
  readonly limits: TeamLimits;
  /** Exactly `*`, without label conditions: may read what every team pushed. */
  readonly coversEverything: boolean;
}

/** Globs, with the words in which the configuration knows each. */
interface RuleList {
  readonly matcher: Matcher;
  /** `jobs[1] "payments_*"` */
  readonly rules: readonly string[];
}

/** What is asked of the policy. */
export interface Attributes {
  readonly action: Action;
  readonly address: IpAddress;
  /** Left out for reads. */
  readonly key?: GroupingKey;
}

/** What is asked, wherever it came from. */
type Made = Omit<Attributes, 'address'>;

/** One check of the policy: allows in the words of the rule that decided, or denies. */
export interface PolicyCheck {
  readonly name: 'permission' | 'job' | 'network' | 'labels' | 'required_labels' | 'label_limits';
  readonly check: (team: TeamPolicy, attributes: Attributes) => Decision<string>;
}

/** The checks in their order; `authorize` ends at the first that denies. */
export const POLICY_CHECKS: readonly PolicyCheck[] = [
  { name: 'permission', check: checkPermission },
  { name: 'job', check: checkJob },
  { name: 'network', check: checkNetwork },
  { name: 'labels', check: checkLabels },
  { name: 'required_labels', check: checkRequiredLabels },
  { name: 'label_limits', check: checkLabelLimits },
];

/** Compiles the rules of every team. */
export function compilePolicy(teams: readonly TeamSpec[]): Policy {
  return finish(compilePolicyInSteps(teams));
}

/** The same in steps, some for each team. */
export function* compilePolicyInSteps(teams: readonly TeamSpec[]): Steps<Policy> {
  const foreign: Foreign = {
    metrics: yield* compileOwnedNames(
      teams.map(({ name, metrics }) => ({ team: name, globs: metrics.own })),
    ),
    jobs: yield* compileOwnedNames(
      teams.filter(holdsJobs).map(({ name, jobs }) => ({ team: name, globs: jobs })),
    ),
    holdsKey: (team, key) =>
      teams.some((spec) => {
        const other = spec.name !== team && holdsJobs(spec) ? byName.get(spec.name) : undefined;
        return other !== undefined && isOfTeam(other, key);
      }),
  };
  const compiled = yield* mapInSteps(teams, (team) => compileTeam(team, foreign));
  const byName = new Map(compiled.map((team) => [team.name, team]));
  const owners = compiled
    .filter(({ actions }) => actions.has('push') || actions.has('delete'))
    .map((team) => ({ team, owner: { name: team.name, quota: quotaOf(team.limits) } }));
  return {
    team: (name) => byName.get(name),
    ownerOf: (key) => owners.find(({ team }) => isOfTeam(team, key))?.owner,
    terms: () =>
      teams.filter(({ allow: actions }) => actions.some((action) => action !== 'read')).map(termOf),
  };
}

/** What belongs to whom. */
interface Foreign {
  readonly metrics: OwnedNames;
  readonly jobs: OwnedNames;
  /** Whether a key is of a team other than this one. */
  readonly holdsKey: (team: string, key: GroupingKey) => boolean;
}

/** A team that is only observed, or only reads, keeps nobody off its jobs. */
function holdsJobs({ mode, allow: actions }: TeamSpec): boolean {
  return mode === 'enforce' && actions.some((action) => action !== 'read');
}

interface AuthorizeOptions {
  /** Told what each check decided. */
  readonly onCheck?: (name: PolicyCheck['name'], decision: Decision<string>) => void;
  /** Whether a refusal is passed over, as it is of a team that is only observed. */
  readonly passes?: Observation['passes'];
}

/** Decides whether a team may do what is asked. */
export function authorize(
  team: TeamPolicy,
  attributes: Attributes,
  { onCheck, passes }: AuthorizeOptions = {},
): Decision<TeamPolicy> {
  for (const { name, check } of POLICY_CHECKS) {
    const decision = check(team, attributes);
    onCheck?.(name, decision);
    if (decision.effect === 'deny' && passes?.(decision) !== true) return decision;
  }
  return allow(team);
}

/**
 * Decides once more whether a push or delete that was allowed earlier is a team's to make, by the
 * rules that are in use now. Whence it came and what it must bring counted when it was made.
 */
export function authorizeAgain(team: TeamPolicy, made: Made): Decision<TeamPolicy> {
  for (const check of [checkPermission, checkJob, checkLabels]) {
    const decision = check(team, made);
    if (decision.effect === 'deny') return decision;
  }
  return allow(team);
}

function quotaOf({ groups, totalSeries, totalBytes }: TeamLimits): GroupQuota {
  return { groups, series: totalSeries, bytes: totalBytes };
}

function termOf({ name, jobs, labels, limits }: TeamSpec): OwnershipTerm {
  return { name, jobs, labels: Object.entries(labels), quota: quotaOf(limits) };
}

/** Whether the job and the labels of a key are a team's. */
function isOfTeam({ jobs, labels }: TeamPolicy, key: GroupingKey): boolean {
  return coversKey(jobs.matcher, (name) => labels.get(name)?.matcher, key);
}

function compileTeam(team: TeamSpec, foreign: Foreign): TeamPolicy {
  const { name, limits, allowNetworks } = team;
  const labels = Object.entries(team.labels);
  const foreignJobs = foreign.jobs.foreignTo(name);
  return Object.freeze({
    name,
    jobs: compileRules('jobs', team.jobs),
    actions: new Set(team.allow),
    emptyPushes: team.emptyPushes,
    mode: team.mode,
    expiry: compileExpiry(team.groupTtl),
    foreignJobs,
    isForeign: (key: GroupingKey) => foreignJobs.matches(key.job) && foreign.holdsKey(name, key),
    labels: new Map(
      labels.map(([label, globs]) => [label, compileRules(`labels.${label}`, globs)]),
    ),
    watchedLabels: new Set(Object.keys(team.labels)),
    requiredLabels: team.requireLabels,
    networks: allowNetworks === undefined ? undefined : compileNetworks(allowNetworks),
    limits,
    families: compileFamilyRules(team, foreign.metrics),
    coversEverything: team.jobs.length === 1 && team.jobs[0] === '*' && labels.length === 0,
  });
}

function compileRules(path: string, globs: readonly string[]): RuleList {
  return {
    matcher: compileGlobs(globs),
    rules: globs.map((glob, index) => `${path}[${index}] "${glob}"`),
  };
}

const PERMITTED: Readonly<Record<Action, Decision<string>>> = {
  push: allow('allow: push'),
  delete: allow('allow: delete'),
  read: allow('allow: read'),
};

function checkPermission(team: TeamPolicy, { action }: Made): Decision<string> {
  if (!team.actions.has(action)) {
    return deny('permission_missing', {
      detail: `the credential may not ${action}`,
      hints: [renderAllowed('it may', [...team.actions])],
      ...(action !== 'push' && { isFirm: true }),
    });
  }
  return PERMITTED[action];
}

/** What a shell or a template leaves behind when it replaces nothing. */
const LEFTOVER = /^\$|\$\{|\{\{|^%\w+%$|^<.*>$|^:\w+$/;
const LEFTOVER_HINT = 'was a variable not replaced? between single quotes a shell replaces nothing';

function checkJob(team: TeamPolicy, { key }: Made): Decision<string> {
  if (key === undefined) return allow('reads name no job');
  const rule = team.jobs.rules[team.jobs.matcher.first(key.job)];
  if (rule !== undefined) return allow(rule);
  return deny('job_not_allowed', {
    detail: `the credential may not use job ${renderName(key.job)}`,
    hints: [
      renderAllowed('jobs it may use', team.jobs.matcher.patterns),
      ...(LEFTOVER.test(key.job) ? [LEFTOVER_HINT] : []),
    ],
    ...(team.foreignJobs.matches(key.job) && { isFirm: true }),
  });
}

const ANY_NETWORK = allow('the team is not bound to networks');

function checkNetwork(team: TeamPolicy, { address }: Attributes): Decision<string> {
  if (team.networks === undefined) return ANY_NETWORK;
  return team.networks.contains(address)
    ? allow(`allow_networks: ${address.text}`)
    : deny('network_not_allowed', `the credential may not be used from ${address.text}`);
}

const NO_LABEL_BOUND = allow('no label is bound to values');

function checkLabels(team: TeamPolicy, { key }: Made): Decision<string> {
  if (team.labels.size === 0) return NO_LABEL_BOUND;
  const decided: string[] = [];
  for (const { name, value } of key?.labels ?? []) {
    const conditions = team.labels.get(name);
    if (conditions === undefined) continue;
    const rule = conditions.rules[conditions.matcher.first(value)];
    if (rule === undefined) {
      return deny('label_not_allowed', {
        detail: `label ${name} may not be ${renderQuoted(value)}`,
        hints: [renderAllowed('values it may have', conditions.matcher.patterns)],
        ...(key !== undefined && team.isForeign(key) && { isFirm: true }),
      });
    }
    decided.push(rule);
  }
  return decided.length === 0 ? NO_LABEL_BOUND : allow(decided.join(', '));
}

const NO_LABEL_REQUIRED = allow('require_labels: none');

function checkRequiredLabels(team: TeamPolicy, { action, key }: Attributes): Decision<string> {
  if (action !== 'push' || key === undefined) return allow('only pushes must have labels');
  if (team.requiredLabels.length === 0) return NO_LABEL_REQUIRED;
  const missing = team.requiredLabels.find(
    (required) => !key.labels.some(({ name }) => name === required),
  );
  return missing === undefined
    ? allow(`require_labels: ${team.requiredLabels.join(', ')}`)
    : deny('label_required', {
        detail: `the grouping key needs the label ${missing}`,
        hints: [`push to /metrics/job/<JOB>/${missing}/<VALUE>`],
      });
}
