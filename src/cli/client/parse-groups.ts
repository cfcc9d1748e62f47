import { isObject, parseObject } from '../../core/json.ts';
import type { ListedGroup } from '../../core/store/group-listing.ts';
import { parsePushTarget } from '../../core/target/push-target.ts';

/**
 * Reads the answer of `GET /api/v1/groups`; undefined for what is none. It comes from somebody else:
 * a target in it that is not the path of a group is none.
 */
export function parseGroups(body: string): ListedGroup[] | undefined {
  const { status, data } = parseObject(body) ?? {};
  if (status !== 'success' || !Array.isArray(data)) return undefined;
  const groups = data.flatMap((one) => parseGroup(one) ?? []);
  return groups.length === data.length ? groups : undefined;
}

function parseGroup(value: unknown): ListedGroup | undefined {
  if (!isObject(value)) return undefined;
  const { job, grouping_key, families, series, bytes } = value;
  const target = parseTarget(value['target']);
  const { team, pushed_at, failed_at, expires_at, credential } = value;
  if (typeof job !== 'string' || typeof series !== 'number' || typeof bytes !== 'number') return;
  if (!isTextOrNull(team) || !isTextOrNull(credential)) return;
  if (!isTimeOrNull(pushed_at) || !isTimeOrNull(failed_at) || !isTimeOrNull(expires_at)) return;
  if (!isTexts(grouping_key) || !isFamilies(families)) return undefined;
  const times = { pushed_at, failed_at, expires_at };
  return { job, grouping_key, target, team, ...times, series, bytes, credential, families };
}

/** What the gateway would not take is out of reach, as what no path can name. */
function parseTarget(target: unknown): string | null {
  if (typeof target !== 'string') return null;
  const parsed = parsePushTarget(target, { emptyValues: true });
  return parsed.effect === 'allow' ? parsed.value.canonical : null;
}

function isFamilies(value: unknown): value is ListedGroup['families'] {
  return Array.isArray(value) && value.every(isFamily);
}

function isFamily(value: unknown): boolean {
  if (!isObject(value)) return false;
  const { name, type, series } = value;
  return typeof name === 'string' && typeof type === 'string' && typeof series === 'number';
}

function isTexts(value: unknown): value is Readonly<Record<string, string>> {
  return isObject(value) && Object.values(value).every((text) => typeof text === 'string');
}

function isTextOrNull(value: unknown): value is string | null {
  return value === null || typeof value === 'string';
}

function isTimeOrNull(value: unknown): value is string | null {
  return isTextOrNull(value) && (value === null || !Number.isNaN(Date.parse(value)));
}
