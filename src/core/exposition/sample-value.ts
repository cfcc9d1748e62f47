const PLUS = 0x2b;
const MINUS = 0x2d;
const POINT = 0x2e;
const LETTER_E = 0x65;

/** Longer than any number that a client renders: 1.7e308 in full has 309 digits. */
const MAX_LENGTH = 400;
/** Shorter ones without an exponent are never out of range. */
const SAFE_LENGTH = 300;

/** Go takes them in any case, and a sign only before the infinite ones. */
const SPECIAL = /^(?:[+-]?inf(?:inity)?|nan)$/i;

/**
 * Whether a sample value is one that every Pushgateway reads as the same number: decimal, with or
 * without exponent, not out of range, or a spelling of infinity or NaN. Hexadecimal and underscores
 * are not taken.
 * @see Go `strconv.ParseFloat`; prometheus/common `expfmt/text_parse.go`, `parseFloat`
 */
export function isSampleValue(value: string): boolean {
  if (value.length > MAX_LENGTH) return false;
  const start = isSign(value.charCodeAt(0)) ? 1 : 0;
  let end = scanDigits(value, start);
  let digits = end - start;
  if (value.charCodeAt(end) === POINT) {
    const fraction = end + 1;
    end = scanDigits(value, fraction);
    digits += end - fraction;
  }
  if (digits === 0) return SPECIAL.test(value);
  if (end === value.length) return end <= SAFE_LENGTH || isInRange(value);
  return isExponent(value, end) && isInRange(value);
}

/** The number that a checked sample value stands for. */
export function parseSampleValue(value: string): number {
  if (!SPECIAL.test(value)) return Number(value);
  if (value.toLowerCase() === 'nan') return Number.NaN;
  return value.startsWith('-') ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
}

/** Spelled as this runtime spells it: it would come out of a number as it went in. */
const PLAIN = /^(?:0|-?[1-9]\d{0,14}|-?(?:0|[1-9]\d{0,8})\.\d{0,5}[1-9])$/;

/** Bytes of a checked sample value, however it was spelled. */
export function valueBytes(value: string): number {
  return PLAIN.test(value) ? value.length : numberBytes(parseSampleValue(value));
}

/** The same of a number. */
export function numberBytes(value: number): number {
  return String(value).length;
}

/** 2^64: Pushgateway keeps counts in 64 bits. */
const COUNT_LIMIT = 2 ** 64;

/** Whether a number counts observations: whole, not negative, within 64 bits. */
export function isCount(value: number): boolean {
  return Number.isInteger(value) && value >= 0 && value < COUNT_LIMIT;
}

function isExponent(value: string, at: number): boolean {
  if ((value.charCodeAt(at) | 0x20) !== LETTER_E) return false;
  const start = isSign(value.charCodeAt(at + 1)) ? at + 2 : at + 1;
  return start < value.length && scanDigits(value, start) === value.length;
}

/** Go refuses what is too large for a double, and both round alike. */
function isInRange(value: string): boolean {
  return Number.isFinite(Number(value));
}

function isSign(code: number): boolean {
  return code === PLUS || code === MINUS;
}

function scanDigits(value: string, start: number): number {
  let end = start;
  while (value.charCodeAt(end) >= 0x30 && value.charCodeAt(end) <= 0x39) end += 1;
  return end;
}
