import { type Deny, deny } from '../decision.ts';
import type { PushContent } from '../exposition/push-content.ts';
import { readText } from '../exposition/text/text-exposition.ts';
import type { IpAddress } from '../network/ip-address.ts';
import { listContentProblems } from '../policy/content-rules.ts';
import { POLICY_CHECKS, type TeamPolicy } from '../policy/policy.ts';
import { renderName } from '../printable.ts';
import { parsePushTarget } from '../target/push-target.ts';
import type { LiveGroup } from './live-group.ts';

/** Who would push a group again, and why it would be refused. */
export interface GroupVerdict {
  /** The first team that may push the group, or else the first that shares its job. */
  readonly team: string | undefined;
  /** One of each reason, in the order of the checks; empty if it can be pushed again. */
  readonly refusals: readonly Deny[];
}

/** Problems of one body that are looked for. */
const MOST_PROBLEMS = 20;

/** Where a push would come from is not known: networks are not looked at. */
const NOWHERE: IpAddress = { text: '0.0.0.0', family: 'ipv4' };
const CHECKS = POLICY_CHECKS.filter(({ name }) => name !== 'network');

/**
 * Decides what would become of a group of the live store if it were pushed again as it is, by
 * whichever team may. Whether it fits beside the other groups is another question.
 * @param teams - in the order of the configuration
 */
export function judgeGroup(group: LiveGroup, teams: readonly TeamPolicy[]): GroupVerdict {
  const { job } = group.key;
  const target = parsePushTarget(group.id, { emptyValues: false });
  const unsound = target.effect === 'deny' ? [target] : [];
  const sharing = teams.filter((team) => team.jobs.matcher.matches(job));
  const able = sharing.filter(({ actions }) => actions.has('push'));
  if (able.length === 0) {
    const named = sharing.find(({ actions }) => actions.has('delete'));
    const without = deny('job_not_allowed', `no team that may push has job ${renderName(job)}`);
    return { team: named?.name, refusals: [...unsound, without] };
  }
  const verdicts = able.map((team) => ({
    team: team.name,
    refusals: oneOfEach([...unsound, ...listProblems(group, team)]),
  }));
  const accepting = verdicts.find(({ refusals }) => refusals.length === 0);
  return accepting ?? verdicts[0] ?? { team: undefined, refusals: unsound };
}

function* listProblems(group: LiveGroup, team: TeamPolicy): Generator<Deny> {
  const attributes = { action: 'push', address: NOWHERE, key: group.key } as const;
  for (const { check } of CHECKS) {
    const decision = check(team, attributes);
    if (decision.effect === 'deny') yield decision;
  }
  yield* listLimits(group, team);
  yield* listContent(group, team);
}

/** A family comes in one push, however many the others come in. */
function* listLimits({ families, body = '' }: LiveGroup, { limits }: TeamPolicy): Generator<Deny> {
  const largest = families.find(({ series }) => series > limits.series);
  if (largest !== undefined) {
    const { name, series } = largest;
    const detail = `${renderName(name)} has ${series} series, over limits.series, ${limits.series}`;
    yield deny('too_many_series', detail);
  }
  if (families.length === 1 && Buffer.byteLength(body) > limits.decoded) {
    yield deny('decoded_too_large', `it has over ${limits.decoded} bytes, limits.decoded`);
  }
}

function* listContent(group: LiveGroup, team: TeamPolicy): Generator<Deny> {
  const { families, body, key, pushedAt } = group;
  if (families.length === 0) {
    // a group that only failed pushes left behind says nothing of what is pushed
    if (pushedAt === undefined || team.emptyPushes === 'allow') return;
    yield deny('body_invalid', {
      detail: 'it has no series: its pushes have none',
      hints: ['an operator can allow it: empty_pushes: allow'],
    });
    return;
  }
  const { watchedLabels } = team;
  const limits = { ...team.limits, series: Number.POSITIVE_INFINITY };
  const labelValues: PushContent['labelValues'] = new Map();
  const bare: PushContent = { families, series: 0, labelValues, labelNames: [] };
  if (body === undefined || body.length > team.limits.decoded) {
    yield* listContentProblems(bare, team);
    return;
  }
  const read = readText(Buffer.from(body), { key, limits, watchedLabels }, MOST_PROBLEMS);
  yield* read.problems.map(withoutLine);
  const known = read.content.effect === 'allow' ? read.content.value : bare;
  yield* listContentProblems({ ...known, families }, team);
}

/** The body was made here: nobody has such lines. */
function withoutLine(problem: Deny): Deny {
  const { detail } = problem;
  return detail === undefined
    ? problem
    : { ...problem, detail: detail.replace(/^(.*?)\bline \d+: /, '$1') };
}

function oneOfEach(problems: readonly Deny[]): readonly Deny[] {
  return problems.filter(
    ({ reason }, index) => problems.findIndex((other) => other.reason === reason) === index,
  );
}
