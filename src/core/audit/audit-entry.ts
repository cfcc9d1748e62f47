import type { AuditEvent } from './audit-record.ts';

/** Characters of one entry; with sequence number, prev and hash a line stays below 32 KiB. */
const MAX_ENTRY_LENGTH = 32_000;

/** JSON text that is printable ASCII as it is, and has nothing escaped by its number. */
const PLAIN = /^[ -[\]-~]*(?:\\[^u][ -[\]-~]*)*$/;

/** What JSON.stringify writes for a lone surrogate. */
const LONE_SURROGATE = /\\ud[89a-f]/;

/** Longest string and list that an entry may hold, tried in turn. */
const SHORTENED = [4096, 1024, 256, 64, 16] as const;

/**
 * Renders an event with its time as one line of ASCII JSON of at most 32 000 characters. What is
 * not ASCII is escaped, so that no control, line separator or change of writing direction reaches
 * a terminal; a longer string is cut and says by how much; a lone surrogate becomes U+FFFD.
 * @param now milliseconds since the epoch
 * @param gateway - the name of the gateway among several
 */
export function renderEntry(event: AuditEvent, now: number, gateway?: string): string {
  // Nearly all are plain: an event is not copied for its time, and its text is looked at once.
  const members = JSON.stringify(event).slice(1, -1);
  const name = gateway === undefined ? '' : `,"gateway":${JSON.stringify(gateway)}`;
  const plain = `{"time":"${renderTime(now)}",${members}${name}}`;
  if (plain.length <= SHORTENED[0] && PLAIN.test(plain)) return plain;
  const entry = {
    time: new Date(now).toISOString(),
    ...event,
    ...(gateway !== undefined && { gateway }),
  };
  let json = toAscii(JSON.stringify(entry));
  if (json.length <= SHORTENED[0] && !LONE_SURROGATE.test(json)) return json;
  for (const limit of SHORTENED) {
    json = toAscii(JSON.stringify(shorten(entry, limit)));
    if (json.length <= MAX_ENTRY_LENGTH) break;
  }
  return json;
}

/** What was rendered last: many records, one after the other, are of the same millisecond. */
let lastTime = Number.NaN;
let lastText = '';
/** The second that was rendered last, and all of it that comes before the milliseconds. */
let second = Number.NaN;
let secondText = '';

/** RFC 3339, UTC, milliseconds. */
export function renderTime(now: number): string {
  if (now === lastTime) return lastText;
  const seconds = Math.floor(now / 1000);
  if (seconds !== second) {
    secondText = new Date(now).toISOString().slice(0, -'000Z'.length);
    second = seconds;
  }
  lastTime = now;
  lastText = `${secondText}${String(Math.floor(now) - seconds * 1000).padStart(3, '0')}Z`;
  return lastText;
}

/** Escapes what is not printable ASCII in JSON text; it stays JSON text with the same value. */
export function toAscii(json: string): string {
  return json.replace(
    /[^ -~]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

function shorten(value: unknown, limit: number): unknown {
  if (typeof value === 'string') return shortenText(value, limit);
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) {
    const kept = value.slice(0, limit).map((element) => shorten(element, limit));
    return value.length > limit ? [...kept, `…(${value.length - limit} more)`] : kept;
  }
  const members = Object.entries(value).map(([name, member]) => [
    shortenText(name, limit),
    shorten(member, limit),
  ]);
  const kept = members.slice(0, limit);
  if (members.length > limit) kept.push(['…', `${members.length - limit} more`]);
  return Object.fromEntries(kept);
}

function shortenText(text: string, limit: number): string {
  if (text.length <= limit) return text.toWellFormed();
  return `${text.slice(0, limit).toWellFormed()}…(${text.length - limit} more)`;
}
