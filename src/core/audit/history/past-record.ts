import { parseObject } from '../../json.ts';
import type { AggregateEvent, AuditRecord, DecisionEvent, OutcomeEvent } from '../audit-record.ts';

/** What of a log tells about requests and groups. */
type Told = 'decision' | 'aggregate' | 'expired' | 'moved' | 'outcome';

/** A record as it was read from a file: what wrote it is not proved here, `audit verify` is. */
export type PastRecord = Extract<AuditRecord, { event: Told }>;
export type PastDecision = DecisionEvent & Pick<AuditRecord, 'seq' | 'time'>;
export type PastOutcome = OutcomeEvent & Pick<AuditRecord, 'seq' | 'time'>;

/** How every line of a log begins: `{"seq":17,"time":"…","event":"decision"`. */
const TIME_PREFIX = '"time":"';
const EVENT_PREFIX = '"event":"';
const ID_PREFIX = '"request_id":"';
const HEAD_LENGTH = 160;

/** What the beginning of a line says, found without reading the rest of it. */
export interface LineHead {
  /** RFC 3339, UTC: texts compare as their times do. */
  readonly time: string;
  readonly event: string;
}

/** Reads the beginning of a line; undefined for what no gateway wrote. */
export function readLineHead(line: string): LineHead | undefined {
  const head = line.slice(0, HEAD_LENGTH);
  const time = readMember(head, TIME_PREFIX);
  const event = readMember(head, EVENT_PREFIX);
  return time === undefined || event === undefined ? undefined : { time, event };
}

/** The request that a decision or an outcome is about, found as quickly. */
export function readRequestId(line: string): string | undefined {
  return readMember(line.slice(0, HEAD_LENGTH), ID_PREFIX);
}

function readMember(head: string, prefix: string): string | undefined {
  const at = head.indexOf(prefix);
  if (at === -1) return undefined;
  const start = at + prefix.length;
  const end = head.indexOf('"', start);
  return end === -1 ? undefined : head.slice(start, end);
}

/** Reads a whole line; undefined when it is no record. */
export function readPastRecord(line: string): AuditRecord | undefined {
  const value = parseObject(line);
  if (value === undefined || !('event' in value)) return undefined;
  return isShowable(value) ? (value as unknown as AuditRecord) : undefined; // only shown and counted
}

const isText = (value: unknown): boolean => typeof value === 'string';
const isNumber = (value: unknown): boolean => typeof value === 'number';
const isTexts = (value: unknown): boolean => Array.isArray(value) && value.every(isText);
const isMap = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && Object.values(value).every(isText);

/** What the members are that are looked at; others may be anything. */
const SHAPES: ReadonlyMap<string, (value: unknown) => boolean> = new Map([
  ...mapAll(isText, 'event time request_id client_ip client_network peer_ip team credential'),
  ...mapAll(isText, 'scheme subject method target job decision reason mode would_deny outcome'),
  ...mapAll(isText, 'detail user_agent by cause since until from to'),
  ...mapAll(isNumber, 'seq body_bytes decoded_bytes series families_more label_names_more'),
  ...mapAll(isNumber, 'upstream_status attempts duration_ms age_seconds count'),
  ...mapAll(isTexts, 'families label_names adopted'),
  ...mapAll(isMap, 'grouping_key'),
  ['status', (value) => isNumber(value) || isText(value)],
]);

function mapAll(shape: (value: unknown) => boolean, names: string) {
  return names.split(' ').map((name) => [name, shape] as const);
}

/**
 * Whether the members are what is shown and counted. A line that is not is none of a gateway: who
 * can write one must not keep all others from those who ask.
 */
export function isShowable(record: object): boolean {
  return Object.entries(record).every(([name, value]) => SHAPES.get(name)?.(value) ?? true);
}

/** How many requests a record stands for. */
export function countOf(record: DecisionEvent | AggregateEvent): number {
  return record.event === 'aggregate' ? Number(record.count) || 0 : 1;
}
