import { renderPrintable } from '../../core/printable.ts';
import { type Html, html } from './html.ts';

const UNITS = [
  ['year', 365 * 86_400_000],
  ['month', 30 * 86_400_000],
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
  ['second', 1000],
] as const;

/** A time without sign in words of one unit: `3 minutes`, `2 days`; milliseconds. */
function renderDuration(ms: number): string {
  const [unit, size] = UNITS.find(([, length]) => ms >= length) ?? ['second', 1000];
  const count = Math.floor(ms / size);
  return `${count} ${unit}${count === 1 ? '' : 's'}`;
}

/** A time as words that say how far it is from now, with the time itself behind them. */
export function renderTime(at: number, now: number): Html {
  const iso = new Date(at).toISOString();
  return html`<time datetime="${iso}" title="${iso}">${renderDistance(at, now)}</time>`;
}

function renderDistance(at: number, now: number): string {
  const ms = now - at;
  if (Math.abs(ms) < 1000) return 'now';
  return ms > 0 ? `${renderDuration(ms)} ago` : `in ${renderDuration(-ms)}`;
}

const SIZES = ['B', 'KiB', 'MiB', 'GiB', 'TiB'] as const;

/** Bytes with a binary unit: `812 B`, `1.5 MiB`. */
export function renderBytes(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < SIZES.length - 1) {
    value /= 1024;
    unit += 1;
  }
  const digits = unit === 0 || value >= 100 || Number.isInteger(value) ? 0 : 1;
  return `${value.toFixed(digits)} ${SIZES[unit]}`;
}

/** A whole number with its thousands apart. */
export function renderCount(count: number): string {
  return String(count).replaceAll(/\B(?=(\d{3})+(?!\d))/g, '\u202f');
}

/** A message of the gateway as a sentence: they begin in lower case and have no full stop. */
export function renderSentence(message: string): string {
  const first = message.charAt(0).toUpperCase();
  return `${first}${message.slice(1)}${/[.!?]$/.test(message) ? '' : '.'}`;
}

const PLAIN = /^[ -~]*$/;
const SHOWN_BYTES = 96;
const TITLE_BYTES = 1024;

/** Text from outside as `renderForeign` shows it. */
export function shorten(text: string): string {
  return renderPrintable(text, SHOWN_BYTES);
}

/**
 * Text from outside: what could hide, reorder or break a line is spelled out, what is long is cut
 * and stands in the title, and its direction does not reach the text around it.
 */
export function renderForeign(text: string, maxBytes: number = SHOWN_BYTES): Html {
  // Nothing in it can turn the text around it, and thousands of elements are spared.
  if (text.length <= maxBytes && PLAIN.test(text)) return html`${text}`;
  const shown = renderPrintable(text, maxBytes);
  const whole = renderPrintable(text, TITLE_BYTES);
  return shown === whole ? html`<bdi>${shown}</bdi>` : html`<bdi title="${whole}">${shown}</bdi>`;
}
