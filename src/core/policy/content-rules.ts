import { allow, type Decision, type Deny, deny } from '../decision.ts';
import {
  type FamilyType,
  occupiedNames,
  type PushContent,
  type PushedFamily,
} from '../exposition/push-content.ts';
import { compileGlobs, type Matcher } from '../matcher.ts';
import { remember } from '../memo.ts';
import { renderName, renderQuoted } from '../printable.ts';
import type { Steps } from '../steps.ts';
import type { Observation } from './observation.ts';
import type { OwnedNames } from './owned-names.ts';
import type { MetricRules, TeamSpec } from './policy-spec.ts';
import { renderAllowed } from './render-allowed.ts';

/** Names that Pushgateway makes up itself: no configuration lets anybody push them. */
const RESERVED = compileGlobs([
  'push_time_seconds',
  'push_failure_time_seconds',
  'pushgateway_build_info',
  'pushgateway_http_*',
]);

const DENIED_HINT = 'an operator can allow it: metrics.deny of the team replaces the default list';

/** What a histogram or summary puts behind its name. */
const SUFFIX = /_(?:bucket|sum|count)$/;

/** Which families a team may push, compiled. */
export interface FamilyRules {
  /** Why a family may not be pushed; undefined if it may. */
  readonly explain: (family: PushedFamily) => Deny | undefined;
}

interface FamilyGlobs {
  /** Undefined lets every name pass that nothing else refuses. */
  readonly allow: Matcher | undefined;
  readonly deny: Matcher;
  /** Names that other teams own. */
  readonly foreign: Pick<Matcher, 'matches'>;
}

/** What content is held against. */
export interface ContentRules {
  readonly families: FamilyRules;
  /** Label name to the values that it may have where it is there. */
  readonly labels: ReadonlyMap<string, { readonly matcher: Matcher }>;
}

/** Compiles what a team may push, which depends on what the other teams own. */
export function compileFamilyRules(
  { name, metrics }: Pick<TeamSpec, 'name' | 'metrics'>,
  owned: OwnedNames,
): FamilyRules {
  const { allow: allowed, deny: denied }: MetricRules = metrics;
  return createFamilyRules({
    allow: allowed && compileGlobs(allowed),
    deny: compileGlobs(denied),
    foreign: owned.foreignTo(name),
  });
}

/** Names of each type that a team pushes again and again. */
const REMEMBERED = 64;
/** Lists of them, over all teams: then all are forgotten. */
const MOST_LISTS = 512;

type Allowed = Map<FamilyType, (name: string) => boolean>;
/** By the rules of a team. */
let allowed = new WeakMap<FamilyGlobs, Allowed>();
let lists = 0;

/** Names that may be pushed are looked up from the second time on. */
export function createFamilyRules(globs: FamilyGlobs): FamilyRules {
  return {
    explain(family) {
      const { name, type } = family;
      const mayPush = allowed.get(globs)?.get(type) ?? beginList(globs, type);
      return mayPush(name) ? undefined : explainFamily(family, globs);
    },
  };
}

function beginList(globs: FamilyGlobs, type: FamilyType): (name: string) => boolean {
  if (lists === MOST_LISTS) {
    allowed = new WeakMap();
    lists = 0;
  }
  lists += 1;
  const isAllowed = (name: string): boolean => explainFamily({ name, type }, globs) === undefined;
  const list = remember(isAllowed, REMEMBERED, (is) => is);
  const known = allowed.get(globs) ?? new Map();
  allowed.set(globs, known.set(type, list));
  return list;
}

/**
 * Decides whether a team may push this content. A denied or owned name is also refused as one that
 * a histogram or summary would become, and as one that would stand in the way of such a histogram
 * or summary of its owner; an allowed name is the name of the family. Ends in
 * `metric_not_allowed` or `label_not_allowed`. A step for each family.
 * @param passes - whether a refusal is passed over, as it is of a team that is only observed
 */
export function* checkContent(
  content: PushContent,
  rules: ContentRules,
  passes: Observation['passes'] = () => false,
): Steps<Decision<PushContent>> {
  for (const family of content.families) {
    const problem = rules.families.explain(family);
    if (problem !== undefined && !passes(problem)) return problem;
    yield;
  }
  if (content.labelValues.size > 0) {
    for (const problem of listLabelProblems(content, rules)) if (!passes(problem)) return problem;
  }
  return allow(content);
}

/** Everything for which a team may not push this content, a family and a label value at a time. */
export function* listContentProblems(content: PushContent, rules: ContentRules): Generator<Deny> {
  for (const family of content.families) {
    const problem = rules.families.explain(family);
    if (problem !== undefined) yield problem;
  }
  yield* listLabelProblems(content, rules);
}

function* listLabelProblems(content: PushContent, rules: ContentRules): Generator<Deny> {
  for (const [label, values] of content.labelValues) {
    const matcher = rules.labels.get(label)?.matcher;
    if (matcher === undefined) continue;
    for (const value of values) if (!matcher.matches(value)) yield denyLabel(label, value, matcher);
  }
}

function denyLabel(label: string, value: string, { patterns }: Matcher): Deny {
  return deny('label_not_allowed', {
    detail: `label ${label} of a pushed series may not be ${renderQuoted(value)}`,
    hints: [
      renderAllowed('values it may have', patterns),
      `label ${label} in the path replaces those in the body`,
    ],
  });
}

function explainFamily(family: PushedFamily, rules: FamilyGlobs): Deny | undefined {
  return explainFirmly(family, rules) ?? explainOwnRules(family, rules);
}

/** What protects the store and other teams. */
function explainFirmly(family: PushedFamily, rules: FamilyGlobs): Deny | undefined {
  const firm = { isFirm: true } as const;
  for (const name of occupiedNames(family)) {
    if (RESERVED.matches(name)) {
      return denyFamily(name, 'is made by Pushgateway itself', 'rename it, or leave it out', firm);
    }
    if (rules.foreign.matches(name)) {
      const hint = 'begin its name with that of your team';
      return denyFamily(name, 'belongs to another team', hint, firm);
    }
  }
  if (!rules.foreign.matches(family.name.replace(SUFFIX, ''))) return undefined;
  const why = 'is a name that the metric of another team can become';
  return denyFamily(family.name, why, 'end its name in another way', firm);
}

function explainOwnRules(family: PushedFamily, rules: FamilyGlobs): Deny | undefined {
  const denied = occupiedNames(family).find((name) => rules.deny.matches(name));
  if (denied !== undefined) {
    return denyFamily(denied, 'is denied by the configuration', DENIED_HINT);
  }
  return rules.allow === undefined || rules.allow.matches(family.name)
    ? undefined
    : denyFamily(
        family.name,
        'is not among the metrics of the team',
        renderAllowed('metrics it may push', rules.allow.patterns),
      );
}

function denyFamily(
  name: string,
  why: string,
  hint: string,
  details: { isFirm?: true } = {},
): Deny {
  const detail = `metric ${renderName(name)} ${why}`;
  return deny('metric_not_allowed', { detail, hints: [hint], ...details });
}
