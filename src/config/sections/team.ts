import { z } from 'zod';
import { ACTIONS, type TeamSpec } from '../../core/policy/policy-spec.ts';
import { parseLabelName, parseLabelValue } from '../../core/target/label.ts';
import type { Finding } from '../engine/problem.ts';
import type { Source } from '../engine/source.ts';
import * as value from '../engine/values.ts';
import { credential, resolveCredential } from './credentials/credential.ts';
import { groupTtl, resolveGroupTtl } from './group-ttl.ts';
import { limits, resolveLimits } from './limits.ts';
import { metrics, resolveMetrics } from './metrics.ts';
import { expandNetworks } from './networks.ts';

const rules = {
  allow: z.array(z.enum(ACTIONS)).optional().describe('push, delete, read'),
  limits: limits.optional(),
  metrics: metrics.optional(),
  group_ttl: groupTtl.optional(),
  empty_pushes: z.enum(['deny', 'allow']).optional().describe('pushes without one series'),
};

/** `defaults`. */
export const defaults = z.strictObject(rules).prefault({}).describe('what every team starts from');

/** One of `teams`. */
export const team = z.strictObject({
  jobs: z.array(value.glob).min(1, 'must name at least one job').describe('globs on the job'),
  ...rules,
  labels: z
    .record(value.labelName, z.array(value.glob).min(1, 'must have at least one value'))
    .default({})
    .describe('where the label is present, it must match'),
  require_labels: z.array(value.labelName).default([]).describe('in the grouping key of a push'),
  allow_networks: z.array(z.string()).optional().describe('named networks or CIDRs'),
  mode: z
    .enum(['enforce', 'observe'])
    .default('enforce')
    .describe('observe: what its own rules would refuse is let through, and said'),
  credentials: z.array(credential).default([]).describe('how the team proves who it is'),
  upstream: value.name.optional().describe('the name of one of upstreams; left out: the first'),
});

export type RawRules = z.output<typeof defaults>;
export type RawTeam = z.output<typeof team>;

/** What a team is completed from. */
interface Surroundings {
  readonly defaults: RawRules;
  readonly networks: Readonly<Record<string, string[]>>;
}

/** What a team may do unless the configuration says otherwise. */
export const DEFAULT_ALLOW = ['push', 'read'] as const;

/** @throws GatewayError ERR_SECRET_UNREADABLE */
export function resolveTeam(
  name: string,
  raw: RawTeam,
  { defaults, networks }: Surroundings,
  source: Source,
): TeamSpec {
  return {
    name,
    jobs: raw.jobs,
    ...(raw.upstream !== undefined && { upstream: raw.upstream }),
    allow: raw.allow ?? defaults.allow ?? DEFAULT_ALLOW,
    labels: raw.labels,
    requireLabels: raw.require_labels,
    metrics: resolveMetrics(defaults.metrics, raw.metrics),
    ...(raw.allow_networks && { allowNetworks: expandNetworks(raw.allow_networks, networks) }),
    mode: raw.mode,
    groupTtl: resolveGroupTtl(raw.group_ttl ?? defaults.group_ttl ?? 'off'),
    emptyPushes: raw.empty_pushes ?? defaults.empty_pushes ?? 'deny',
    limits: resolveLimits(defaults.limits, raw.limits),
    credentials: raw.credentials.map((one) => resolveCredential(one, source)),
  };
}

/** Checks one team by itself. */
export function checkTeam(name: string, team: RawTeam, isAnonymous: boolean): readonly Finding[] {
  const path = ['teams', name];
  const findings: Finding[] = [];
  if (team.credentials.length === 0 && !isAnonymous) {
    const message = 'has no credentials: nobody can be this team';
    findings.push({ severity: 'warning', path, message });
  }
  return [...findings, ...checkGlobs(path, team), ...checkLabelNames(path, team)];
}

/** A glob that no value can match is a mistake: values like it are refused before. */
function checkGlobs(path: readonly PropertyKey[], { jobs, labels }: RawTeam): readonly Finding[] {
  const lists = [['jobs'], ...Object.keys(labels).map((label) => ['labels', label])];
  return lists.flatMap((list) => {
    const globs = list[1] === undefined ? jobs : (labels[list[1]] ?? []);
    return globs.flatMap((glob, index): Finding[] => {
      const parsed = parseLabelValue(glob, 'the glob');
      if (parsed.effect === 'allow') return [];
      const message = `${parsed.detail}: nothing matches it`;
      return [{ severity: 'error', path: [...path, ...list, index], message }];
    });
  });
}

function checkLabelNames(
  path: readonly PropertyKey[],
  { labels, require_labels: required }: RawTeam,
): readonly Finding[] {
  const places = [
    ...Object.keys(labels).map((label) => [label, ['labels', label]] as const),
    ...required.map((label, index) => [label, ['require_labels', index]] as const),
  ];
  return places.flatMap(([label, place]): Finding[] => {
    const parsed = parseLabelName(label);
    if (parsed.effect === 'allow') return [];
    const message = `${parsed.detail}${label === 'job' ? ': use jobs' : ''}`;
    return [{ severity: 'error', path: [...path, ...place], message }];
  });
}
