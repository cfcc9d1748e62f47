import { allow, type Decision, deny } from '../decision.ts';
import { occupiedNames, type PushContent, type PushedFamily } from '../exposition/push-content.ts';
import { compileGlobs, type Matcher } from '../matcher.ts';
import { renderQuoted } from '../printable.ts';
import type { OwnedNames } from './owned-names.ts';
import type { MetricRules, TeamSpec } from './policy-spec.ts';

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
  return {
    allow: allowed && compileGlobs(allowed),
    deny: compileGlobs(denied),
    foreign: owned.foreignTo(name),
  };
}

/**
 * Decides whether a team may push this content. A denied or owned name is also refused as one that
 * a histogram or summary would become, and as one that would stand in the way of such a histogram
 * or summary of its owner; an allowed name is the name of the family. Ends in
 * `metric_not_allowed` or `label_not_allowed`.
 */
export function checkContent(content: PushContent, rules: ContentRules): Decision<PushContent> {
  for (const family of content.families) {
    const allowed = checkFamily(family, rules.families);
    if (allowed.effect === 'deny') return allowed;
  }
  for (const [label, values] of content.labelValues) {
    const allowed = checkLabel(label, values, rules.labels.get(label)?.matcher);
    if (allowed.effect === 'deny') return allowed;
  }
  return allow(content);
}

function checkLabel(
  label: string,
  values: ReadonlySet<string>,
  matcher: Matcher | undefined,
): Decision<string> {
  for (const value of values) {
    if (matcher === undefined || matcher.matches(value)) continue;
    return deny('label_not_allowed', {
      detail: `label ${label} of a pushed series may not be ${renderQuoted(value)}`,
      hints: [`a ${label} in the path replaces those in the body`],
    });
  }
  return allow(label);
}

function checkFamily(family: PushedFamily, rules: FamilyRules): Decision<PushedFamily> {
  for (const name of occupiedNames(family)) {
    if (RESERVED.matches(name)) return denyFamily(name, 'is made by Pushgateway itself');
    if (rules.deny.matches(name)) {
      return denyFamily(name, 'is denied by the configuration', [DENIED_HINT]);
    }
    if (rules.foreign.matches(name)) return denyFamily(name, 'belongs to another team');
  }
  if (rules.foreign.matches(family.name.replace(SUFFIX, ''))) {
    return denyFamily(family.name, 'is a name that the metric of another team can become');
  }
  return rules.allow === undefined || rules.allow.matches(family.name)
    ? allow(family)
    : denyFamily(family.name, 'is not among the metrics of the team');
}

function denyFamily(name: string, why: string, hints: readonly string[] = []): Decision<never> {
  return deny('metric_not_allowed', { detail: `metric ${renderQuoted(name)} ${why}`, hints });
}
