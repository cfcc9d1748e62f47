import { renderPrintable } from '../../../printable.ts';
import type { Mistake } from './mistake.ts';

const SHELL_QUOTES =
  'a shell takes quotes away between double quotes: write \\" there, or single quotes around it all';
const MATCHER: Mistake = {
  pattern: /^(?:!=|=~|!~|~|==|=|[<>])/,
  problem: 'a label set is not a query: a label has "=" and a value',
  hints: ['write {LABEL="VALUE"}'],
};
const QUOTED: Mistake = {
  pattern: /^"[^"]*"\s*=/,
  problem: 'a label name in quotes',
  hints: [
    'quoted names, which Prometheus 3 has, are not taken',
    'write LABEL="VALUE"; a label name has letters, digits and "_"',
  ],
};

/** What stands where the name of a label should begin. */
export const LABEL_NAME_MISTAKES: readonly Mistake[] = [
  QUOTED,
  {
    pattern: /^["'][^"']*["']\s*:/,
    problem: 'labels are written as in JSON',
    hints: ['write {LABEL="VALUE"}: no quotes around the name, "=" for ":"'],
  },
  {
    pattern: /^"[^"]*"\s*[,}]/,
    problem: 'a metric name in quotes',
    hints: ['write it before the "{"; quoted names, which Prometheus 3 has, are not taken'],
  },
  {
    pattern: /^,/,
    problem: 'a comma where a label should begin',
    hints: ['leave it out: one comma separates two labels'],
  },
  {
    pattern: /^=/,
    problem: 'a label without a name',
    hints: ['is the variable empty that should stand before "="?'],
  },
  {
    pattern: /^(\d\w*)/,
    problem: 'a label name cannot begin with a digit',
    hints: ([, name = '']) => [`write _${renderPrintable(name, 80)}`],
  },
  { pattern: /^\s*$/, problem: 'the "}" is missing after the labels', hints: ['add it'] },
  {
    pattern: /^(?:\$|<|%)/,
    problem: 'a placeholder or variable that was not replaced',
    hints: ["between single quotes and after <<'EOF' a shell replaces nothing"],
  },
];

/** What stands after the name of a label in place of `=`. */
export const EQUALS_MISTAKES: readonly Mistake[] = [
  MATCHER,
  {
    pattern: /^:\w*\s*=/,
    problem: 'a label name cannot have ":"',
    hints: ['write "_": a label name has letters, digits and "_"'],
  },
  { pattern: /^:/, problem: 'a label has "=", not ":"', hints: ['write {LABEL="VALUE"}'] },
  { pattern: /^[,}]/, problem: 'a label without a value', hints: ['write {LABEL="VALUE"}'] },
  { pattern: /^\s*$/, problem: 'the "}" is missing after the labels', hints: ['add it'] },
  {
    pattern: /^[^\s\w="',}]/u,
    problem: ([sign]) => `a label name cannot have "${renderPrintable(sign, 10)}"`,
    hints: ['write "_": a label name has letters, digits and "_"'],
  },
  {
    pattern: /^"/,
    problem: '"=" is missing between label and value',
    hints: ['write LABEL="VALUE"'],
  },
];

/** What stands after the `=` in place of a quote. */
export const LABEL_VALUE_MISTAKES: readonly Mistake[] = [
  MATCHER,
  {
    pattern: /^'/,
    problem: 'a label value has double quotes, not single ones',
    hints: ['write "'],
  },
  {
    pattern: /^[“”„«»‘’`]/,
    problem: 'a label value has plain double quotes',
    hints: ['write " for typographic quotes'],
  },
  {
    pattern: /^\\+"/,
    problem: 'a backslash before the quote of a label value',
    hints: ['leave it out: between single quotes of a shell, " needs none'],
  },
];

/** The hint for a label value without quotes that looks like nothing else. */
export const UNQUOTED_HINT = SHELL_QUOTES;

/** What stands after a label value in place of a comma or brace. */
export const AFTER_VALUE_MISTAKES: readonly Mistake[] = [
  {
    pattern: /^(?:\s*|[-+]?(?:\.?\d|nan\b|inf\b).*)$/i,
    problem: 'the "}" is missing after the labels',
    hints: ['add it'],
  },
  {
    pattern: /^[A-Za-z_]\w*\s*=\s*"/,
    problem: 'a comma is missing between two labels',
    hints: ['write {LABEL="VALUE",LABEL="VALUE"}'],
  },
  { pattern: /^[;&|]/, problem: 'labels are separated by a comma', hints: ['write ","'] },
  { pattern: /^[\])]/, problem: 'labels end with "}"', hints: ['write "}"'] },
  {
    pattern: /^[^,{}]*"/,
    problem: 'a quote inside a label value',
    hints: ['write it as \\"'],
  },
];

/** What stands behind a backslash in a label value. */
export const ESCAPE_MISTAKES: readonly Mistake[] = [
  { pattern: /^\\'/, problem: "\\' is no escape", hints: ["write ' without a backslash"] },
  {
    pattern: /^\\t(?!\w{3})/,
    problem: '\\t is no escape',
    hints: ['write the tab itself, or a blank; a backslash as \\\\'],
  },
  {
    pattern: /^\\(?:u[\da-f]{4}|u\{|x[\da-f]{2}|U[\da-f]{8})/i,
    problem: ([found]) => `${renderPrintable(found, 12)} is no escape`,
    hints: ['write the character itself, in UTF-8'],
  },
];
