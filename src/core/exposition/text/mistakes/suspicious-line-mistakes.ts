import { renderPrintable, renderQuoted } from '../../../printable.ts';
import type { Mistake } from './mistake.ts';

const NAME = '[A-Za-z_:][\\w:]*';
const LABELS = '\\{(?:[^"}]|"(?:[^"\\\\]|\\\\.)*")*\\}';

function inValue(value: string): RegExp {
  return new RegExp(
    `^\\s*${NAME}\\s*\\{(?:[^"}]|"(?:[^"\\\\]|\\\\.)*")*?(\\w+)\\s*=\\s*"(${value})"`,
  );
}

/** A comment that was meant as more. */
function comment(pattern: RegExp): Mistake {
  return {
    pattern,
    problem: ([, word = '']) => `this is a comment, not ${word.toUpperCase()}, and does nothing`,
    hints: ([, word = '']) => [`write "# ${word.toUpperCase()} NAME ", in capital letters`],
  };
}

/** Lines that are valid, and hardly mean what they say. */
export const SUSPICIOUS_LINES: readonly Mistake[] = [
  {
    pattern: new RegExp(`^\\s*(${NAME}):[ \\t]*(?:${LABELS})?[ \\t]+\\S`),
    problem: ([, name = '']) => `the name is ${renderQuoted(`${name}:`)}, with the colon`,
    hints: ([, name = '']) => [`write ${renderPrintable(name, 80)} if it should only separate`],
  },
  {
    pattern: /^\s*:/,
    problem: 'the name begins with ":"',
    hints: ['is the variable empty before it? names with ":" are for recording rules'],
  },
  {
    pattern: /^\s*#+\s*(HELP|TYPE)\s*$/i,
    problem: ([, word = '']) => `${word.toUpperCase()} of no name is a comment and does nothing`,
    hints: ['is the variable behind it empty?'],
  },
  comment(/^\s*##+\s*(HELP|TYPE)\s+\S/i),
  comment(/^\s*#\s*(HELP|TYPE)\s*:/i),
  comment(/^\s*#\s*([Tt]ype)\s+[\w:]+\s+(?:counter|gauge|histogram|summary|untyped)\s*$/),
  comment(/^\s*#\s*([Hh]elp)\s+[a-z]+_\w+\s+\S/),
  {
    pattern: /^\s*#[ \t]*UNIT[ \t]/,
    problem: 'UNIT is of OpenMetrics and does nothing here',
    hints: ['the unit is the end of the name: _seconds, _bytes'],
  },
  {
    pattern: inValue('\\$\\{?\\w+\\}?|\\$\\([^"]*\\)|\\{\\{[^"]*\\}\\}|%[sd]|<\\w+>|%\\w+%'),
    problem: ([, label, value = '']) =>
      `label ${label} is ${renderQuoted(value)}: was it not replaced?`,
    hints: ["between single quotes and after <<'EOF' a shell replaces nothing"],
  },
  {
    pattern: inValue('\\s[^"]*|[^"]*\\s'),
    problem: ([, label]) => `label ${label} begins or ends with a blank`,
    hints: ['a selector that looks the same does not match it: take it off'],
  },
  {
    pattern: inValue(''),
    problem: ([, label]) => `label ${label} is empty, which is the same as no label`,
    hints: ['is the variable empty? leave the label out'],
  },
  {
    pattern: /^\s*[A-Za-z_:][\w:]*\s*\{(?:[^"}]|"(?:[^"\\]|\\.)*")*?\b(job)\s*=\s*"/,
    problem: ([, label]) => `the path replaces label ${label}`,
    hints: ['name it otherwise if it is another thing: exported_job, task'],
  },
  {
    pattern: new RegExp(`^\\s*(${NAME})_total(?:\\s*${LABELS})?\\s+(-[\\d.]\\S*|nan)`, 'i'),
    problem: ([, name = '', value = '']) =>
      `${renderQuoted(`${name}_total`)} is ${value}, and a counter only grows`,
    hints: ['leave _total out of the name of a gauge'],
  },
  {
    pattern: new RegExp(`^\\s*${NAME}(?:\\s*${LABELS})?\\s+1[5-9]\\d{11}\\s*$`),
    problem: 'the value looks like a time in milliseconds',
    hints: ['Prometheus reckons in seconds: date +%s; a name ends in _timestamp_seconds'],
  },
];
