import type { GroupView } from './page-view.ts';

/** What of the groups is shown, and in which order. */
export interface GroupQuery {
  /** Words that must all be in a group's key, team or credential, in any case. */
  readonly filter: string;
  readonly sort: SortKey;
  readonly isDescending: boolean;
  /** Only groups whose last push failed. */
  readonly onlyFailed: boolean;
  /** From 1. */
  readonly page: number;
  /** The group whose metrics are listed, by its target, or by its key if it has none. */
  readonly open: string;
}

export interface GroupSelection {
  /** One page of them. */
  readonly groups: readonly GroupView[];
  /** On all pages. */
  readonly count: number;
  /** From 1, never beyond the last. */
  readonly page: number;
  readonly pages: number;
}

const SORT_KEYS = ['job', 'team', 'pushed', 'series', 'bytes', 'expires'] as const;
export type SortKey = (typeof SORT_KEYS)[number];

/** Groups on a page. */
export const PAGE_SIZE = 50;
const MAX_FILTER = 200;
const MAX_NAME = 8192;

/** Reads the query of a link or form; what it does not understand is left out. */
export function parseGroupQuery(query: URLSearchParams): GroupQuery {
  const asked = query.get('sort') ?? '';
  const name = asked.replace(/^-/, '');
  const sort = SORT_KEYS.find((key) => key === name);
  const page = Number.parseInt(query.get('page') ?? '1', 10);
  return {
    filter: (query.get('q') ?? '').slice(0, MAX_FILTER).trim(),
    sort: sort ?? 'pushed',
    isDescending: sort === undefined || asked.startsWith('-'),
    onlyFailed: query.get('failed') === '1',
    page: Number.isSafeInteger(page) && page > 0 ? page : 1,
    open: (query.get('open') ?? '').slice(0, MAX_NAME),
  };
}

/** The query as it stands in a link, with what differs from the plain page only. */
export function renderGroupQuery(query: GroupQuery): string {
  const params = new URLSearchParams();
  if (query.filter !== '') params.set('q', query.filter);
  if (query.onlyFailed) params.set('failed', '1');
  const sort = (query.isDescending ? '-' : '') + query.sort;
  if (sort !== '-pushed') params.set('sort', sort);
  if (query.page > 1) params.set('page', String(query.page));
  if (query.open !== '') params.set('open', query.open);
  return `?${params.toString()}`;
}

/** Whether the newest push to a group failed. */
export function hasFailed({ pushedAt, failedAt }: GroupView): boolean {
  return failedAt !== undefined && failedAt > (pushedAt ?? 0);
}

/** Filters, sorts and cuts to one page. */
export function selectGroups(groups: readonly GroupView[], query: GroupQuery): GroupSelection {
  const words = query.filter.toLowerCase().split(/\s+/).filter(Boolean);
  const matching = groups.filter(
    (group) => (!query.onlyFailed || hasFailed(group)) && matches(group, words),
  );
  const sorted = sortGroups(matching, query);
  const pages = Math.max(1, Math.ceil(sorted.length / PAGE_SIZE));
  const page = Math.min(query.page, pages);
  const start = (page - 1) * PAGE_SIZE;
  return { groups: sorted.slice(start, start + PAGE_SIZE), count: sorted.length, page, pages };
}

function matches(group: GroupView, words: readonly string[]): boolean {
  if (words.length === 0) return true;
  const labels = group.labels.map(({ name, value }) => `${name}=${value}`).join(' ');
  const { job, team = '', credential = '' } = group;
  const text = `job=${job} ${labels} ${team} ${credential}`.toLowerCase();
  return words.every((word) => text.includes(word));
}

/** What a column sorts by; groups that are equal in it stay in the order of their keys. */
const SORT_VALUES: Readonly<Record<SortKey, (group: GroupView) => number | string>> = {
  job: () => 0,
  team: ({ team = '' }) => team,
  pushed: lastPush,
  series: ({ series }) => series,
  bytes: ({ bytes = -1 }) => bytes,
  // what never expires comes last
  expires: ({ expiresAt = Number.MAX_VALUE }) => expiresAt,
};

function sortGroups(
  groups: readonly GroupView[],
  { sort, isDescending }: GroupQuery,
): readonly GroupView[] {
  const readValue = SORT_VALUES[sort];
  const sign = isDescending ? -1 : 1;
  const keySign = sort === 'job' ? sign : 1;
  const rows = groups.map((group): Row => ({ group, value: readValue(group), key: undefined }));
  rows.sort((a, b) => sign * compare(a.value, b.value) || keySign * compareKeys(a, b));
  return rows.map(({ group }) => group);
}

/** Failed or not: it is what happened last. */
function lastPush({ pushedAt = 0, failedAt = 0 }: GroupView): number {
  return Math.max(pushedAt, failedAt);
}

/** A group while it is sorted; most are told apart without their keys. */
interface Row {
  readonly group: GroupView;
  readonly value: number | string;
  key: string | undefined;
}

function compareKeys(a: Row, b: Row): number {
  a.key ??= keyOf(a.group);
  b.key ??= keyOf(b.group);
  return compare(a.key, b.key);
}

function keyOf({ job, labels }: GroupView): string {
  let key = job;
  for (const { name, value } of labels) key += `\0${name}\0${value}`;
  return key;
}

function compare<T extends number | string>(a: T, b: T): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
