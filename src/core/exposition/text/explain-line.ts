import type { Deny } from '../../decision.ts';
import { denyCarriageReturn, denyLine, restOfLine } from './line-problem.ts';
import { FOREIGN_FORMATS } from './mistakes/foreign-formats.ts';
import { LINE_MISTAKES } from './mistakes/line-mistakes.ts';
import { findMistake, MAX_EXCERPT } from './mistakes/mistake.ts';

interface ExplainedLine {
  readonly problem: Deny;
  /** Whether it is of another format altogether. */
  readonly isForeign: boolean;
}

/** What more than one line tells is looked for in so much. */
const EXCERPT = 2 * MAX_EXCERPT;

/**
 * Explains a line that was refused better than what stopped the parser does, where the line as a
 * whole shows what it was meant as. A carriage return at its end explains whatever else is wrong.
 * @param start - where the line begins
 * @param stopped - what the parser said
 */
export function explainLine(
  text: string,
  start: number,
  line: number,
  stopped: Deny,
): ExplainedLine {
  if (stopped.reason !== 'body_invalid') return { problem: stopped, isForeign: false };
  const foreign = findMistake(FOREIGN_FORMATS, text.slice(start, start + EXCERPT));
  if (foreign !== undefined) {
    return { problem: denyLine(line, foreign.problem, ...foreign.hints), isForeign: true };
  }
  const whole = restOfLine(text, start);
  if (/[^\n]\r[^\n]/.test(whole)) {
    const problem = denyLine(
      line,
      'carriage returns where lines should end',
      "end lines with LF: tr '\\r' '\\n'",
    );
    return { problem, isForeign: false };
  }
  if (whole.endsWith('\r')) return { problem: denyCarriageReturn(line), isForeign: false };
  if (whole.trimStart().startsWith('#')) return { problem: stopped, isForeign: false };
  const mistake = findMistake(LINE_MISTAKES, whole);
  const problem = mistake ? denyLine(line, mistake.problem, ...mistake.hints) : stopped;
  return { problem, isForeign: false };
}

/**
 * Explains a body whose last line has no line feed: whatever else is wrong with it, if lines have
 * been joined, that is.
 * @param text - as it was sent
 */
export function explainEnd(text: string): { readonly problem: Deny; readonly isJoined: boolean } {
  if (isJoined(text)) return { problem: denyJoined(), isJoined: true };
  const problem = denyLine(
    text.split('\n').length,
    'the last line has no line feed at its end',
    'end it with \\n: echo does so, printf and most programs only if told to',
  );
  return { problem, isJoined: false };
}

/** Several lines without a line feed in the whole body: `# TYPE a gaugea 1`, `a 1b 2`. */
function isJoined(text: string): boolean {
  if (text.includes('\n')) return false;
  const start = text.slice(0, EXCERPT);
  return (
    /^# (?:TYPE|HELP) [^\n]*[ }\w][-+\d.]/.test(start) ||
    /^[A-Za-z_:][^\n#"]*[ \t}][-+\d.e]+(?:#|[A-Za-df-z_:][\w:]*[ {][^\n]*\d)/.test(start)
  );
}

function denyJoined(): Deny {
  return denyLine(
    1,
    'the lines have been joined into one',
    'with curl use --data-binary: -d and --data take line feeds away',
  );
}
