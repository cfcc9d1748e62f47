import { labelsByName } from '../target/grouping-key.ts';
import type { StoredGroup } from './group.ts';

/** A group as `GET /api/v1/groups` has it; times in RFC 3339, null for what is not known. */
export interface ListedGroup {
  readonly job: string;
  readonly grouping_key: Readonly<Record<string, string>>;
  /** Null for a group that no path can name. */
  readonly target: string | null;
  readonly team: string | null;
  readonly pushed_at: string | null;
  readonly failed_at: string | null;
  readonly expires_at: string | null;
  readonly series: number;
  readonly bytes: number;
  readonly credential: string | null;
  readonly families: readonly {
    readonly name: string;
    readonly type: string;
    readonly series: number;
  }[];
}

/** What stands for bytes that are no UTF-8: no path says which they were. */
const LOST = '\uFFFD';

/** The labels of a group, its job among them. */
export function labelsOf({ key }: StoredGroup): ReadonlyMap<string, string> {
  const labels = new Map([['job', key.job]]);
  for (const { name, value } of key.labels) labels.set(name, value);
  return labels;
}

/** Names that a path has as they are; `U__` begins one that Pushgateway may read otherwise. */
const PLAIN_NAME = /^(?!U__)[a-zA-Z_][a-zA-Z0-9_]*$/;

/** The canonical path of a group; undefined where none can name it, or it could name another. */
export function targetOf({ id, key }: Pick<StoredGroup, 'id' | 'key'>): string | undefined {
  const isPlain = key.labels.every(({ name, value }) => {
    return PLAIN_NAME.test(name) && !value.includes(LOST);
  });
  return isPlain && key.job !== '' && !key.job.includes(LOST) ? id : undefined;
}

/** Puts a group into the form of the listing. */
export function describeGroup(group: StoredGroup, expiresAt: number | undefined): ListedGroup {
  const { key, owner, pushedAt, failedAt, series, bytes, credential, families } = group;
  return {
    job: key.job,
    grouping_key: labelsByName(key.labels),
    target: targetOf(group) ?? null,
    team: owner ?? null,
    pushed_at: renderTime(pushedAt),
    failed_at: renderTime(failedAt),
    expires_at: renderTime(expiresAt),
    series,
    bytes,
    credential: credential ?? null,
    families: families.map(({ name, type, series: count }) => ({ name, type, series: count })),
  };
}

function renderTime(at: number | undefined): string | null {
  if (at === undefined) return null;
  const time = new Date(at);
  return Number.isNaN(time.getTime()) ? null : time.toISOString();
}
