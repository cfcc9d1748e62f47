import { type Deny, deny } from '../../decision.ts';
import { renderName, renderQuoted } from '../../printable.ts';
import { findMistake, type Mistake } from './mistakes/mistake.ts';
import { VALUE_MISTAKES } from './mistakes/value-mistakes.ts';
import { LINE_FEED, quoteAt, scanToken } from './token.ts';

/** Refuses a body for what stands in one of its lines, counted from 1. */
export function denyLine(line: number, problem: string, ...hints: readonly string[]): Deny {
  return deny('body_invalid', { detail: `line ${line}: ${problem}`, hints });
}

/** Refuses a line for the first mistake of a table that `text` shows, or else with `problem`. */
export function denyMistake(
  line: number,
  table: readonly Mistake[],
  text: string,
  problem: string,
  ...hints: readonly string[]
): Deny {
  const found = findMistake(table, text) ?? { problem, hints };
  return denyLine(line, found.problem, ...found.hints);
}

/** Refuses a line that ends as they do on Windows. */
export function denyCarriageReturn(line: number): Deny {
  return denyLine(
    line,
    'a carriage return at its end (CRLF)',
    'end lines with LF alone: dos2unix, or in PowerShell "`n"',
  );
}

/** Refuses a name that is longer than `limit`. */
export function denyLongName(line: number, name: string, limit: number): Deny {
  return denyLine(
    line,
    `the name ${renderName(name)} has over ${limit} characters`,
    'shorten it; an operator can raise limits.name of the team',
  );
}

const NAME_RULE = 'a metric name has letters, digits, "_" and ":", and does not begin with a digit';

/** Refuses what stands where a metric name should begin or go on. */
export function denyName(line: number, text: string, start: number, end: number): Deny {
  if (text.charCodeAt(end) === LINE_FEED) {
    return denyLine(
      line,
      `${renderName(text.slice(start, end))} has no value`,
      'write NAME VALUE; is the variable behind it empty?',
    );
  }
  const found = quoteAt(text, end);
  if (end === start) {
    const digits = /^\d\w{0,80}/.exec(text.slice(start, start + 81))?.[0];
    const isBinary = text.charCodeAt(start) < 0x20;
    const fix = [
      ...(digits === undefined ? [] : [`write _${digits}`]),
      ...(isBinary ? ['is the body binary, or compressed otherwise than with gzip?'] : []),
    ];
    return denyLine(line, `a metric name cannot begin with ${found}`, ...fix, NAME_RULE);
  }
  const name = /^[^\s{=]{1,200}/u.exec(text.slice(start, start + 200))?.[0] ?? '';
  const fixed = name.replace(/[^\w:]+/gu, '_');
  return denyLine(
    line,
    `a metric name cannot have ${found}`,
    ...(/[a-z]/i.test(fixed) && fixed !== name ? [`write ${fixed}`] : []),
    NAME_RULE,
  );
}

/**
 * Refuses what stands in place of a sample value, or after one.
 * @param start - where the value begins
 * @param isValue - whether the first word is one, and what follows it is too much
 */
export function denyValue(line: number, text: string, start: number, isValue: boolean): Deny {
  const tail = restOfLine(text, start);
  const word = text.slice(start, Math.min(scanToken(text, start), start + MAX_TAIL));
  if (!isValue) {
    const hint = 'a value is a number such as 42, -1.5, 2e9, +Inf or NaN';
    return denyMistake(line, VALUE_MISTAKES, tail, `${renderQuoted(word)} is not a value`, hint);
  }
  const rest = tail.slice(word.length).trim();
  return rest === ''
    ? denyLine(line, 'blanks after the value', 'remove them')
    : denyMistake(
        line,
        VALUE_MISTAKES,
        tail,
        `${renderQuoted(rest)} after the value`,
        'a line ends after its value; the next series begins a line of its own',
      );
}

const MAX_TAIL = 512;

/** The rest of a line, of which no more is looked at than explains a mistake. */
export function restOfLine(text: string, start: number): string {
  const end = text.indexOf('\n', start);
  return text.slice(start, Math.min(end === -1 ? text.length : end, start + MAX_TAIL));
}
