import { renderPrintable, renderQuoted } from '../../../printable.ts';
import type { Mistake } from './mistake.ts';

const EMPTY_VARIABLE = 'is the variable empty that should stand before it?';

/** Lines that do not begin as a sample does, told by the whole line. */
export const LINE_MISTAKES: readonly Mistake[] = [
  {
    pattern: /^\s*(HELP|TYPE|UNIT|EOF)\b/,
    problem: ([, word]) => `"#" is missing before ${word}`,
    hints: ([, word]) => [`write "# ${word}"`],
  },
  {
    pattern: /^\s*(\/\/|--|;|\/\*|%|!|rem )/i,
    problem: 'a comment begins with "#"',
    hints: ['write "#" before it, or leave the line out'],
  },
  {
    pattern: /^\s*(\$\{?\w+\}?|\$\(|`)/,
    problem: ([, word]) => `${renderQuoted(word ?? '')} was not replaced by the shell`,
    hints: ["between single quotes and after <<'EOF' it is not: use double quotes, <<EOF"],
  },
  {
    pattern: /^\s*<[^>]*>/,
    problem: ([word]) => `${renderQuoted(word.trim())} is a placeholder`,
    hints: ['write what it stands for'],
  },
  {
    pattern: /^\s*\{/,
    problem: 'the metric name before "{" is missing',
    hints: [EMPTY_VARIABLE],
  },
  {
    pattern: /^\s*[-+]?(?:\d[\d.]*(?:e[-+]?\d+)?|\.\d+|nan|[-+]inf)\s*$/i,
    problem: 'a value without a metric name',
    hints: ['write NAME VALUE', EMPTY_VARIABLE],
  },
  {
    pattern: /^\s*[A-Za-z_]\w*\s*(?:by|without)?\s*\(/,
    problem: 'an expression is not a metric',
    hints: ['push numbers under a name; expressions are for queries and recording rules'],
  },
  {
    pattern: /^\s*[A-Za-z_:][\w:]*(?:\{[^}]*\})?\[\d+[smhdwy]\]/,
    problem: 'a range as of a query is not a metric',
    hints: ['write NAME{LABEL="VALUE"} NUMBER'],
  },
  {
    pattern: /^\s*[A-Za-z_:][\w:]*[ \t]*\[\s*[A-Za-z_]\w*\s*=/,
    problem: 'labels stand in braces',
    hints: ['write NAME{LABEL="VALUE"} NUMBER'],
  },
  {
    pattern: /^\s*([A-Za-z_:][\w:]*)[ \t]*([|~;])[ \t]*([-+]?[\d.]+(?:e[-+]?\d+)?)\s*$/i,
    problem: ([, , sign]) => `"${sign}" stands between name and value`,
    hints: ([, name = '', , value = '']) => [`write ${renderPrintable(`${name} ${value}`, 80)}`],
  },
  {
    pattern: /^\s*([A-Za-z_:][\w:]*)=([^\s={}"']*)\s*$/,
    problem: '"=" stands between name and value',
    hints: ([, name = '', value = '']) => [
      `write ${renderPrintable(`${name} ${value || 'NUMBER'}`, 80)}`,
      'or is it a form? send the text itself: with curl --data-binary @FILE',
    ],
  },
  {
    pattern:
      /^\s*((?!nan[ \t]|inf[ \t])[A-Za-z_:][\w:]*(?:[ \t]+(?!nan\b|inf\b)[A-Za-z_][\w:]*)+)[ \t]*(?:\{[^}]*\})?[ \t]+[-+]?[\d.]/i,
    problem: 'a metric name has no blanks',
    hints: ([, name = '']) => [`write ${renderPrintable(name.replace(/[ \t]+/g, '_'), 80)}`],
  },
];
