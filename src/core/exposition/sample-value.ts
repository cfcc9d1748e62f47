const PLUS = 0x2b;
const MINUS = 0x2d;
const POINT = 0x2e;
const ZERO = 0x30;
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
  const number = Number(value);
  if (!Number.isNaN(number) || value.toLowerCase() === 'nan') return number;
  return value.startsWith('-') ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
}

/** Spelled as this runtime spells it: it would come out of a number as it went in. */
const PLAIN = /^(?:0|-?[1-9]\d{0,14}|-?(?=[\d.]{3,16}$)(?:0|[1-9]\d*)\.\d{0,5}[1-9])$/;

/** Bytes of a checked sample value, however it was spelled. */
export function valueBytes(value: string): number {
  return PLAIN.test(value) ? value.length : numberBytes(parseSampleValue(value));
}

/** Digits that a plain value may have, and how many of them behind its point. */
const MAX_PLAIN = { all: 15, behind: 6 } as const;

/**
 * Where a plain value ends, one that comes out of a number as it went in; -1 for any other, which
 * may be a value all the same.
 */
export function scanPlainValue(bytes: Uint8Array, start: number): number {
  const isNegative = bytes[start] === MINUS;
  const first = isNegative ? start + 1 : start;
  const point = scanDigitBytes(bytes, first);
  const before = point - first;
  if (before === 0 || (bytes[first] === ZERO && before > 1)) return -1;
  if (bytes[point] !== POINT) {
    const isZero = bytes[first] === ZERO && isNegative;
    return before > MAX_PLAIN.all || isZero ? -1 : point;
  }
  const end = scanDigitBytes(bytes, point + 1);
  const behind = end - point - 1;
  const isPlain = before + behind <= MAX_PLAIN.all && behind > 0 && behind <= MAX_PLAIN.behind;
  return isPlain && bytes[end - 1] !== ZERO ? end : -1;
}

function scanDigitBytes(bytes: Uint8Array, start: number): number {
  let end = start;
  while (((bytes[end] ?? 0) ^ ZERO) <= 9) end += 1;
  return end;
}

/** Beyond it, numbers are rendered with an exponent or lose digits. */
const MAX_RENDERED = 1e15;
/** Decimals that are looked for before a number is rendered to see how long it is. */
const DECIMALS = [10, 100, 1000] as const;

/** The same of a number. */
export function numberBytes(value: number): number {
  const size = Math.abs(value);
  if (size < MAX_RENDERED) {
    const sign = value < 0 ? 1 : 0;
    if (Number.isInteger(size)) return sign + countDigits(size);
    for (const factor of DECIMALS) {
      const shifted = size * factor;
      // fewer than 16 digits are those of one number alone
      if (shifted >= MAX_RENDERED) break;
      const isExact = Number.isInteger(shifted) && shifted % 10 !== 0;
      if (isExact && shifted / factor === size) {
        return sign + countDigits(Math.floor(size)) + String(factor).length;
      }
    }
  }
  return String(value).length;
}

function countDigits(whole: number): number {
  let digits = 1;
  for (let bound = 10; whole >= bound; bound *= 10) digits += 1;
  return digits;
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
