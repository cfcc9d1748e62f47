import { type Deny, deny } from '../../decision.ts';
import { renderQuoted } from '../../printable.ts';
import { LINE_FEED, quoteAt, scanToken, skipBlanks } from './token.ts';

/** Refuses a body for what stands in one of its lines, counted from 1. */
export function denyLine(line: number, problem: string, ...hints: readonly string[]): Deny {
  return deny('body_invalid', { detail: `line ${line}: ${problem}`, hints });
}

/** Refuses a line that ends as they do on Windows. */
export function denyCarriageReturn(line: number): Deny {
  return denyLine(
    line,
    'a carriage return at its end (CRLF)',
    'end lines with LF alone: dos2unix, or in PowerShell "`n"',
  );
}

/** Refuses what stands where a metric name should begin or go on. */
export function denyName(line: number, text: string, start: number, end: number): Deny {
  const found = quoteAt(text, end);
  if (text.charCodeAt(end) === LINE_FEED) {
    return denyLine(line, `${renderQuoted(text.slice(start, end))} has no value`);
  }
  return denyLine(
    line,
    end === start
      ? `a metric name cannot begin with ${found}`
      : `a metric name cannot have ${found}`,
    'a metric name has letters, digits, "_" and ":", and does not begin with a digit',
  );
}

const DECIMAL_COMMA = /^[+-]?\d*,\d+$/;
const INTEGER = /^[+-]?\d+$/;

/** Refuses a sample value. */
export function denyValue(line: number, value: string): Deny {
  const hint = DECIMAL_COMMA.test(value)
    ? 'write a decimal point, not a comma: LC_ALL=C makes most tools do so'
    : 'a value is a number such as 42, -1.5, 2e9, +Inf or NaN';
  return denyLine(
    line,
    value === '' ? 'the value is missing' : `${renderQuoted(value)} is not a value`,
    hint,
  );
}

/** Refuses what follows a sample value. */
export function denyRest(line: number, text: string, valueEnd: number): Deny {
  const start = skipBlanks(text, valueEnd);
  const rest = text.slice(start, scanToken(text, start));
  if (rest === '') return denyLine(line, 'blanks after the value', 'remove them');
  if (INTEGER.test(rest)) {
    return denyLine(
      line,
      'a timestamp after the value',
      'leave it out: Pushgateway takes no timestamps, push_time_seconds says when a push came',
    );
  }
  return denyLine(line, `${renderQuoted(rest)} after the value`, 'a line ends after its value');
}
