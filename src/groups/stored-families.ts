import { parseTextExposition } from '../core/exposition/exposition-text.ts';
import type { StoredGroup } from '../core/exposition/families.ts';
import { METRIC_TYPES, type PushedFamily } from '../core/exposition/push-content.ts';
import { renderPushTarget } from '../core/target/grouping-key.ts';

/** What Pushgateway says of itself belongs to no group. */
const OWN_GROUP = '';

/** Nothing is too much of what Pushgateway itself says. */
const UNLIMITED = {
  series: Number.POSITIVE_INFINITY,
  labels: Number.POSITIVE_INFINITY,
  labelValue: Number.POSITIVE_INFINITY,
};

/**
 * Reads when a Pushgateway started from its status.
 * @returns undefined for the answer of anything else
 * @see pushgateway `api/v1/api.go`, `status`
 */
export function readStartTime(status: Uint8Array): string | undefined {
  const data = readData(status);
  const startTime = isRecord(data) ? data['start_time'] : undefined;
  return typeof startTime === 'string' ? startTime : undefined;
}

/**
 * Reads which families every group has from the answer of `/api/v1/metrics`.
 * @returns undefined for what is no such answer
 * @see pushgateway `api/v1/api.go`, `metrics`
 */
export function readStoredGroups(metrics: Uint8Array): readonly StoredGroup[] | undefined {
  const data = readData(metrics);
  return Array.isArray(data) ? data.filter(isRecord).map(readGroup) : undefined;
}

/** Reads the families that Pushgateway has of its own: those of the scrape that nobody pushed. */
export function readOwnFamilies(scrape: Uint8Array, pushed: readonly StoredGroup[]): StoredGroup {
  const scope = { key: undefined, limits: UNLIMITED, watchedLabels: new Set<string>() };
  const content = parseTextExposition(scrape, scope);
  const names = new Set(pushed.flatMap(({ families }) => families.map(({ name }) => name)));
  const families = content.effect === 'allow' ? content.value.families : [];
  return { group: OWN_GROUP, families: families.filter(({ name }) => !names.has(name)) };
}

function readGroup(entry: Record<string, unknown>): StoredGroup {
  const labels = isRecord(entry['labels']) ? Object.entries(entry['labels']) : [];
  const pairs = labels.map(([name, value]) => ({ name, value: String(value) }));
  const key = {
    job: pairs.find(({ name }) => name === 'job')?.value ?? '',
    labels: pairs.filter(({ name }) => name !== 'job').sort((a, b) => (a.name < b.name ? -1 : 1)),
  };
  return { group: renderPushTarget(key), families: Object.entries(entry).flatMap(readFamily) };
}

/** Beside its families a group has fields that are no maps with a type. */
function readFamily([name, value]: readonly [string, unknown]): readonly PushedFamily[] {
  const written = isRecord(value) ? value['type'] : undefined;
  const type = METRIC_TYPES.find((known) => known.toUpperCase() === written);
  return type === undefined ? [] : [{ name, type }];
}

function readData(answer: Uint8Array): unknown {
  try {
    const parsed: unknown = JSON.parse(Buffer.from(answer).toString('utf8'));
    return isRecord(parsed) ? parsed['data'] : undefined;
  } catch {
    return undefined;
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
