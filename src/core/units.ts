import type { Rate } from './policy/limits.ts';

const MILLISECONDS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};
const BYTES: Readonly<Record<string, number>> = {
  B: 1,
  KiB: 1024,
  MiB: 1024 ** 2,
  GiB: 1024 ** 3,
};

/** `30s`, `5m`, `24h`, `7d`, `250ms`: a whole number and a unit. */
export const DURATION_PATTERN = /^([1-9]\d{0,8})(ms|s|m|h|d)$/;
/** `64KiB`, `1MiB`, `512B`. */
export const SIZE_PATTERN = /^([1-9]\d{0,11})(B|KiB|MiB|GiB)$/;
/** `10/s`, `600/m`: how many in a second, minute or hour. */
export const RATE_PATTERN = /^([1-9]\d{0,8})\/(s|m|h)$/;

/**
 * Reads a duration that matches `DURATION_PATTERN`, in milliseconds.
 * @throws TypeError for any other text
 */
export function parseDuration(text: string): number {
  return multiply(DURATION_PATTERN.exec(text), MILLISECONDS, text);
}

/**
 * Reads a size that matches `SIZE_PATTERN`, in bytes; a number is bytes already.
 * @throws TypeError for any other text
 */
export function parseSize(size: string | number): number {
  return typeof size === 'number' ? size : multiply(SIZE_PATTERN.exec(size), BYTES, size);
}

/**
 * Reads a rate that matches `RATE_PATTERN`.
 * @throws TypeError for any other text
 */
export function parseRate(text: string): Rate {
  const [, count, unit] = RATE_PATTERN.exec(text) ?? [];
  return { count: Number(count), perMs: multiply(['', '1', unit ?? ''], MILLISECONDS, text) };
}

function multiply(
  match: readonly string[] | null,
  factors: Readonly<Record<string, number>>,
  text: string,
): number {
  const factor = factors[match?.[2] ?? ''];
  if (factor === undefined) throw new TypeError(`${text} has no unit that is known`);
  return Number(match?.[1]) * factor;
}
