import type { AggregateEvent, DecisionEvent } from '../audit-record.ts';
import { countOf } from './past-record.ts';

/** What a report counts by. */
export const REPORT_KEYS = ['team', 'job', 'credential', 'reason', 'client', 'day'] as const;
export type ReportKey = (typeof REPORT_KEYS)[number];

/** One row of a report. */
export interface ReportRow {
  readonly key: string;
  readonly allowed: number;
  readonly refused: number;
  /** Allowed ones that would have been refused if the team did not only observe. */
  readonly wouldRefuse: number;
  /** How often each reason was given, the most frequent first. */
  readonly reasons: readonly (readonly [reason: string, count: number])[];
  /** RFC 3339; undefined for what was never seen. */
  readonly first: string | undefined;
  readonly last: string | undefined;
}

/** Keys told apart; what comes beyond is one row. */
const MAX_KEYS = 10_000;
const OTHERS = '(others)';
/** Of what has no such name. */
const NOBODY = '(unknown)';

type Counted = (DecisionEvent | AggregateEvent) & { readonly time: string };

const KEY_OF: Readonly<Record<ReportKey, (record: Counted) => string>> = {
  team: ({ team }) => team ?? NOBODY,
  job: (record) => (record.event === 'decision' ? record.job : undefined) ?? NOBODY,
  credential: ({ team, credential }) =>
    team === undefined ? NOBODY : renderCredential(team, credential ?? NOBODY),
  reason: (record) => reasonOf(record) ?? 'ok',
  client: (record) =>
    record.client_ip ??
    (record.event === 'decision' ? record.peer_ip : record.client_network) ??
    NOBODY,
  day: ({ time }) => time.slice(0, 10),
};

/** Members of a record that a report looks at, beside those of the filter. */
export const REPORTED_MEMBERS = ['client_ip', 'client_network', 'peer_ip', 'count'] as const;

interface Tally {
  allowed: number;
  refused: number;
  wouldRefuse: number;
  readonly reasons: Map<string, number>;
  first: string;
  last: string;
}

/** Counts records by one of their members, in bounded memory; an aggregate counts as many times. */
export class UsageReport {
  readonly #keyOf: (record: Counted) => string;
  readonly #isDay: boolean;
  readonly #tallies = new Map<string, Tally>();

  constructor(by: ReportKey) {
    this.#keyOf = KEY_OF[by];
    this.#isDay = by === 'day';
  }

  add(record: Counted): void {
    const tally = this.#tallyOf(String(this.#keyOf(record)), record.time);
    const count = countOf(record);
    const isRefused = isRefusal(record);
    const reason = reasonOf(record);
    if (isRefused) tally.refused += count;
    else tally.allowed += count;
    if (!isRefused && reason !== undefined) tally.wouldRefuse += count;
    if (reason !== undefined) tally.reasons.set(reason, (tally.reasons.get(reason) ?? 0) + count);
    if (record.time < tally.first) tally.first = record.time;
    if (record.time > tally.last) tally.last = record.time;
  }

  /** Whether anything was counted under this key. */
  has(key: string): boolean {
    return this.#tallies.has(key);
  }

  /** Every key that was counted. */
  keys(): readonly string[] {
    return [...this.#tallies.keys()];
  }

  /** What was refused most comes first, then what was used most; days in their order. */
  rows(): readonly ReportRow[] {
    const rows = [...this.#tallies].map(([key, tally]): ReportRow => {
      const reasons = [...tally.reasons].sort(([, one], [, other]) => other - one);
      return { key, ...tally, reasons };
    });
    const byKey = (one: ReportRow, other: ReportRow): number => (one.key < other.key ? -1 : 1);
    if (this.#isDay) return rows.sort(byKey);
    return rows.sort(
      (one, other) =>
        other.refused - one.refused || other.allowed - one.allowed || byKey(one, other),
    );
  }

  #tallyOf(key: string, time: string): Tally {
    const known = this.#tallies.get(key);
    if (known !== undefined) return known;
    if (this.#tallies.size > MAX_KEYS && key !== OTHERS) return this.#tallyOf(OTHERS, time);
    const reasons = new Map<string, number>();
    const tally = { allowed: 0, refused: 0, wouldRefuse: 0, reasons, first: time, last: time };
    this.#tallies.set(key, tally);
    return tally;
  }
}

/** The name of a credential over all teams. */
export function renderCredential(team: string, credential: string): string {
  return `${team}/${credential}`;
}

function reasonOf(record: Counted): string | undefined {
  if (isRefusal(record)) return record.reason;
  return record.event === 'decision' ? record.would_deny : undefined;
}

function isRefusal(record: Counted): boolean {
  return record.reason !== 'ok';
}
