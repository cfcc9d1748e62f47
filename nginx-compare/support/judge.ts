import { isDeepStrictEqual } from 'node:util';
import type { PrometheusVersion } from '../../test/support/prometheus.ts';
import {
  type ComparedRequest,
  type Group,
  type Intent,
  SECRET,
  SEEDS,
} from '../requests/request.ts';
import type { Observation } from './observe.ts';

/** What a proxy made of a request, as the table has it. */
export interface Verdict {
  /** Statuses, each once. */
  readonly answer: string;
  /** Everything that is not as it was meant to be; empty when it is right. */
  readonly wrong: readonly string[];
}

/** The Prometheus servers that refuse a scrape. */
export type ScrapeJudge = (body: Buffer) => readonly PrometheusVersion[];

const SEEDED: readonly Group[] = Object.values(SEEDS).map(({ group }) => group);

/** Judges what came of a request by its intent. */
export function judge(
  request: ComparedRequest,
  observation: Observation,
  refusedBy: ScrapeJudge,
): Verdict {
  const wrong = [
    ...judgeAnswer(request.intent, observation),
    ...judgeStore(request.intent, observation),
    ...judgeScrape(observation, refusedBy),
    ...(observation.canOthersPush ? [] : ['no team can push any more']),
  ];
  return { answer: renderStatuses(observation.statuses), wrong };
}

function judgeAnswer(intent: Intent, { statuses, shown }: Observation): readonly string[] {
  const accepted = statuses.filter((status) => status >= 200 && status < 300).length;
  switch (intent.effect) {
    case 'accept':
    case 'delete':
      return accepted === statuses.length ? [] : ['a legitimate push is refused'];
    case 'read':
      if (accepted === 0) return ['a legitimate read is refused'];
      return shown.includes(intent.shows) ? [] : ['the answer is not the one of Pushgateway'];
    case 'throttle':
      if (accepted === 0) return ['every push is refused'];
      return accepted <= intent.most ? [] : [`${accepted} are let through`];
    case 'refuse':
      return [...(accepted === 0 ? [] : ['it is let through']), ...judgeShown(shown)];
    case 'no harm':
      return judgeShown(shown);
  }
}

function judgeShown(shown: string): readonly string[] {
  return shown.includes(SECRET) ? ['the answer shows what another team has pushed'] : [];
}

function judgeStore(intent: Intent, { groups }: Observation): readonly string[] {
  if (groups === undefined) return ['Pushgateway cannot list its groups'];
  const expected = expectedGroups(intent);
  const judged = [...expected, ...groups].filter((group) => !mayChange(intent, group));
  const distinct = new Map(judged.map((group) => [renderLabels(group), group]));
  return [...distinct.values()].flatMap((group) => {
    const before = findGroup(expected, group);
    const after = findGroup(groups, group);
    if (isDeepStrictEqual(before, after)) return [];
    return [renderChange(group, before, after)];
  });
}

/** What must be in the store: the seeds, but for what the intent says of them. */
function expectedGroups(intent: Intent): readonly Group[] {
  if (intent.effect === 'accept') {
    return [...SEEDED.filter((group) => !findGroup(intent.groups, group)), ...intent.groups];
  }
  if (intent.effect === 'delete') {
    return SEEDED.filter((group) => !isDeepStrictEqual(group.labels, intent.labels));
  }
  return SEEDED;
}

/** Groups that may be there, gone or changed without harm: what a team does to its own jobs. */
function mayChange(intent: Intent, { labels, families }: Group): boolean {
  const isOwn = /^(?:settlement|payments_|nightly$)/.test(labels['job'] ?? '');
  if (intent.effect === 'no harm' || intent.effect === 'throttle') return isOwn;
  // Pushgateway keeps the time of a refused push in a group of that name.
  return (
    intent.effect === 'refuse' &&
    isOwn &&
    families.length === 0 &&
    !findGroup(SEEDED, { labels, families })
  );
}

function judgeScrape({ scrape }: Observation, refusedBy: ScrapeJudge): readonly string[] {
  if (scrape.status === 0) return ['Pushgateway has ended'];
  if (scrape.status !== 200) return [`the scrape answers ${scrape.status}`];
  if (!scrape.isWhole) return ['the scrape is cut off'];
  const versions = refusedBy(scrape.body).join(' and ');
  return versions === '' ? [] : [`the whole scrape is refused by Prometheus ${versions}`];
}

function findGroup(groups: readonly Group[], { labels }: Group): Group | undefined {
  return groups.find((group) => isDeepStrictEqual(group.labels, labels));
}

function renderChange(group: Group, before: Group | undefined, after: Group | undefined): string {
  if (before === undefined) return `${renderLabels(group)} is there`;
  if (after === undefined) return `${renderLabels(group)} is not there`;
  return `${renderLabels(group)} holds ${after.families.join(', ') || 'nothing'}`;
}

function renderLabels({ labels }: Group): string {
  const pairs = Object.entries(labels).toSorted(([one], [other]) => (one < other ? -1 : 1));
  return `{${pairs.map(([name, value]) => `${name}="${value}"`).join(', ')}}`;
}

function renderStatuses(statuses: readonly number[]): string {
  return [...new Set(statuses)]
    .toSorted((one, other) => one - other)
    .map((status) => (status === 0 ? 'none' : String(status)))
    .join(', ');
}
