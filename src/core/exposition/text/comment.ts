import type { Deny } from '../../decision.ts';
import { renderQuoted } from '../../printable.ts';
import { scanMetricName } from '../name.ts';
import { METRIC_TYPES } from '../push-content.ts';
import { declareHelp, declareType, type FamilyTable } from './family-table.ts';
import { denyLine, denyLongName, denyMistake } from './line-problem.ts';
import { MAX_EXCERPT } from './mistakes/mistake.ts';
import { TYPE_MISTAKES } from './mistakes/type-mistakes.ts';
import { isBlank, isEscapable, LINE_FEED, quoteAt, scanToken, skipBlanks } from './token.ts';

/**
 * Reads a line that begins with `#`. What is neither HELP nor TYPE means nothing.
 * @param hash - position of the `#`
 * @returns the position of the line feed
 * @see prometheus/common `expfmt/text_parse.go`, `startComment`
 */
export function readComment(
  text: string,
  hash: number,
  line: number,
  table: FamilyTable,
): number | Deny {
  const lineEnd = text.indexOf('\n', hash);
  const keywordStart = skipBlanks(text, hash + 1);
  const keywordEnd = scanToken(text, keywordStart);
  const keyword = text.slice(keywordStart, Math.min(keywordEnd, keywordStart + 5));
  const nameStart = skipBlanks(text, keywordEnd);
  if ((keyword !== 'HELP' && keyword !== 'TYPE') || nameStart === lineEnd) return lineEnd;

  const nameEnd = scanMetricName(text, nameStart);
  const next = text.charCodeAt(nameEnd);
  if (nameEnd === nameStart || (next !== LINE_FEED && !isBlank(next))) {
    return denyLine(
      line,
      `${keyword} of a name with ${quoteAt(text, nameEnd)}`,
      'a metric name has letters, digits, "_" and ":"',
    );
  }
  const name = text.slice(nameStart, nameEnd);
  if (name.length > table.maxName) return denyLongName(line, name, table.maxName);
  const rest = text.slice(skipBlanks(text, nameEnd), lineEnd);
  const problem =
    keyword === 'HELP' ? takeHelp(table, name, rest, line) : takeType(table, name, rest, line);
  return problem ?? lineEnd;
}

function takeHelp(table: FamilyTable, name: string, help: string, line: number): Deny | undefined {
  let at = help.indexOf('\\');
  while (at !== -1) {
    if (!isEscapable(help.charCodeAt(at + 1), false)) {
      return denyLine(line, 'HELP has a wrong escape', 'escapes in HELP are \\\\ and \\n');
    }
    at = help.indexOf('\\', at + 2);
  }
  return declareHelp(table, name, line);
}

function takeType(table: FamilyTable, name: string, text: string, line: number): Deny | undefined {
  const type = METRIC_TYPES.find((known) => known === text.toLowerCase());
  if (type !== undefined) return declareType(table, name, type, line);
  if (isType(name) && scanMetricName(text, 0) === text.length && text !== '') {
    return denyLine(line, 'the type stands before the name', `write "# TYPE ${text} ${name}"`);
  }
  return denyMistake(
    line,
    TYPE_MISTAKES,
    text.slice(0, MAX_EXCERPT),
    `${renderQuoted(text)} is not a type`,
    `a type is one of ${METRIC_TYPES.join(', ')}`,
  );
}

function isType(word: string): boolean {
  return METRIC_TYPES.some((known) => known === word.toLowerCase());
}
