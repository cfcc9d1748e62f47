import { renderPrintable, renderQuoted } from '../../../printable.ts';
import type { Mistake } from './mistake.ts';

const POINT = 'write a decimal point, not a comma: LC_ALL=C makes most tools do so';
const THOUSANDS = 'write a number without thousands separators';
const NAN = ['write NaN'] as const;
const NO_TIMESTAMPS =
  'leave it out: Pushgateway takes no timestamps, push_time_seconds says when a push came';
const NUMBER = '(?:[-+]?(?:\\d+\\.?\\d*|\\.\\d+)(?:e[-+]?\\d+)?|[-+]?inf|nan)';

/** Unit, in lower case, to the ending that says which base unit the number is in. */
const BASE_UNITS: readonly (readonly [RegExp, string])[] = [
  [/^(?:ns|us|µs|μs|ms|s|secs?|seconds?|m|mins?|minutes?|h|hours?|d|days?)$/i, '_seconds'],
  [/^(?:[kmgtp]?i?b|bytes?|[kmgt])$/i, '_bytes'],
  [/^%$|^percent$/i, '_ratio (42 % is 0.42)'],
  [/^(?:°?c|celsius)$/i, '_celsius'],
];

/** What stands in place of a value or after one, told by the rest of its line. */
export const VALUE_MISTAKES: readonly Mistake[] = [
  {
    pattern: /^\s*$/,
    problem: 'the value is missing',
    hints: ['is the variable behind it empty? a value is a number such as 42, -1.5, 2e9, +Inf'],
  },
  {
    pattern: /^\S+(?:[ \t]+\S+)?[ \t]+#[ \t]*\{/,
    problem: 'an exemplar after the value',
    hints: ['leave out what begins with "#": the text format has no exemplars, OpenMetrics does'],
  },
  {
    pattern: /^\S+[ \t]+(?:#|\/\/|--)/,
    problem: 'a comment after the value',
    hints: ['give it a line of its own, which begins with "#"'],
  },
  {
    pattern: /^(=>|->|:=|==?|:)[ \t]*\S/,
    problem: ([, sign]) => `"${sign}" stands between name and value`,
    hints: ['write a blank alone'],
  },
  {
    pattern: /\\[nr]/,
    problem: 'a backslash and a letter stand where a line should end',
    hints: ['write line feeds: printf makes them of \\n, echo does not'],
  },
  {
    pattern: /^(\\?["'`“”‘’])(.*?)\\?["'`“”‘’]/,
    problem: 'quotes around the value',
    hints: ([, , value = '']) => [
      value.trim() === ''
        ? 'nothing stands between them: is the variable empty? leave the line out, or write NaN'
        : `write ${renderPrintable(value, 40)} without them`,
    ],
  },
  {
    pattern: /^[-+]?[\d.]+(?:e[-+]?\d+)?[;,]+\s*$/i,
    problem: ([value]) => `${renderQuoted(value.trim())} is not a value`,
    hints: ['leave out what stands after the number'],
  },
  {
    pattern: /^([-+]?[1-9]\d{0,2},\d{3})(?=\s|$)/,
    problem: ([value]) => `${renderQuoted(value)} is not a value`,
    hints: [`${THOUSANDS}; if it is a decimal comma: LC_ALL=C makes most tools write a point`],
  },
  {
    pattern: /^[-+]?\d*,\d+(?:e[-+]?\d+)?(?=\s|$)/i,
    problem: ([value]) => `${renderQuoted(value)} is not a value`,
    hints: [POINT],
  },
  {
    pattern: /^[-+]?\d{1,3}(?:([ ,'’._\u00a0\u202f])\d{3})+(?:\1\d{3}|[.,]\d+)?(?=\s*$)/,
    problem: ([value]) => `${renderQuoted(value)} is not a value`,
    hints: [THOUSANDS],
  },
  {
    pattern: /^[-+]?\d+(?:_\d+)+/,
    problem: ([value]) => `${renderQuoted(value)} is not a value`,
    hints: [THOUSANDS],
  },
  {
    pattern: new RegExp(
      `^${NUMBER}[ \\t]+(?:-?\\d+(?:\\.\\d+)?(?:e\\+?\\d+)?\\s*$|\\d{4}-\\d\\d-\\d\\d)`,
      'i',
    ),
    problem: 'a timestamp after the value',
    hints: [NO_TIMESTAMPS],
  },
  {
    pattern: /^[-+]?0[xob][\da-f_]+/i,
    problem: ([value]) => `${renderQuoted(value)} is not a value`,
    hints: ['write it as a decimal number'],
  },
  {
    pattern:
      /^(?:\d{4}-\d\d-\d\d|\d{1,2}:\d\d|\d{1,2}[./]\d{1,2}[./]\d{4}|(?:mon|tue|wed|thu|fri|sat|sun)\b)/i,
    problem: 'a date or time is not a value',
    hints: ['write the seconds since 1970: date +%s; of a duration the seconds'],
  },
  {
    pattern: /^v?\d+(?:\.\d+){2,}\S*/i,
    problem: ([value]) => `${renderQuoted(value)} is not a value`,
    hints: ['put a version or address into a label: build_info{version="1.2.3"} 1'],
  },
  {
    pattern: /^(?:([-+]?)(?:∞|1\.#inf\w*|infinite|inf\.|infinity\.)|([-+]?)\.inf)(?=\s|$)/i,
    problem: ([value]) => `${renderQuoted(value)} is not a value`,
    hints: ['write +Inf or -Inf'],
  },
  {
    pattern: /^[-+]?[\d.]+(?:e[-+]?\d+)?[ \t]*(%|[A-Za-zµμ°€£$]+(?:\/[a-z]+)?)\s*$/i,
    problem: ([value]) => `a unit after the value: ${renderQuoted(value.trim())}`,
    hints: ([, unit = '']) => [
      `write the number alone; the unit goes into the name: ${unitEnding(unit)}`,
    ],
  },
  {
    pattern: /^\d+[dhm](?:\d+(?:ms|[hms]))+\s*$/i,
    problem: ([value]) => `${renderQuoted(value.trim())} is a duration in parts`,
    hints: ['write it in seconds, as one number; the name ends in _seconds'],
  },
  {
    pattern: /^[-+]nan(?=\s|$)/i,
    problem: ([value]) => `${renderQuoted(value)} is not a value`,
    hints: ['write NaN, without a sign'],
  },
  {
    pattern:
      /^(?:[-+]?(?:1\.#(?:[qs]?nan|ind)\w*|[qs]?nan[qs]?(?:\(\w*\)|\d*)|nan[qs])|not[ _]?a[ _]?number)(?=\s|$)/i,
    problem: ([value]) => `${renderQuoted(value)} is not a value`,
    hints: NAN,
  },
  {
    pattern: new RegExp(`^${NUMBER}[A-Za-z_:][\\w:]*(?:\\{[^}]*\\})?[ \\t]+${NUMBER}`, 'i'),
    problem: 'two series in one line',
    hints: ['end each with a line feed: with curl --data-binary, as -d takes line feeds away'],
  },
  {
    pattern: /^[A-Za-z_]\w*\s*=\s*"[^"]*"[ \t]*[,}]/,
    problem: 'the "{" is missing before the labels',
    hints: ['write NAME{LABEL="VALUE"} NUMBER'],
  },
  {
    pattern: /^(?:[-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?|nan|[-+]?inf)[ \t]*\{/i,
    problem: 'labels after the value',
    hints: ['labels stand between name and value: NAME{LABEL="VALUE"} NUMBER'],
  },
  {
    pattern: /^[€£]|^\$\d/,
    problem: 'a sign of currency before the value',
    hints: ['write the number alone; the unit goes into the name'],
  },
  {
    pattern: /^(\$\{?\w+\}?|\$\(|`)/,
    problem: ([, word]) => `${renderQuoted(word ?? '')} was not replaced by the shell`,
    hints: ["between single quotes and after <<'EOF' it is not: use double quotes, <<EOF"],
  },
  {
    pattern: /^(?:%[-+ 0#]*\d*(?:\.\d+)?[sdfgeiux]|<[^>]*>|#\{[^}]*\}|%\w+%|@\w+@)\s*$/,
    problem: ([value]) => `${renderQuoted(value.trim())} is a placeholder`,
    hints: ['look at what should have replaced it'],
  },
  {
    pattern:
      /^(?:true|false|yes|no|on|off|ok|up|down|success|succeeded|failed|failure|error|pass|passed|fail|enabled|disabled)\s*$/i,
    problem: ([value]) => `${renderQuoted(value.trim())} is not a value`,
    hints: ['write 1 or 0'],
  },
  {
    pattern:
      /^(?:null|none|nil|undefined|n\/a|na|unknown|missing|empty|-+|\?+|<nil>|\(null\)|#n\/a)\s*$/i,
    problem: ([value]) => `${renderQuoted(value.trim())} is not a value`,
    hints: ['leave the line out, or write NaN'],
  },
  {
    pattern: /^[−–—‐‑]\s*[\d.]/,
    problem: 'the minus sign is not "-"',
    hints: ['write the "-" of the keyboard'],
  },
  {
    pattern: /^[-+]?[\d.]+e\+?\d+(?=\s|$)/i,
    problem: ([value]) => `${renderQuoted(value)} is out of range`,
    hints: ['a value is a 64-bit float: at most 1.8e308'],
  },
  {
    pattern: /^[-+]?[\d.]+[ \t]*[*/+-][ \t]*[\d.]+/,
    problem: 'a calculation is not a value',
    hints: ['write its result'],
  },
  {
    pattern: /^[[({]/,
    problem: 'brackets around the value, or a list',
    hints: ['write one number alone'],
  },
];

function unitEnding(unit: string): string {
  const known = BASE_UNITS.find(([pattern]) => pattern.test(unit));
  return known?.[1] ?? '_seconds, _bytes, _ratio';
}
