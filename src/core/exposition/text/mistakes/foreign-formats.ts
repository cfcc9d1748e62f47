import { renderQuoted } from '../../../printable.ts';
import type { Mistake } from './mistake.ts';

const EXAMPLE = 'send lines such as batch_duration_seconds{step="load"} 42';
const SEND_FILE = 'with curl: --data-binary @FILE, with the @; with wget: --post-file FILE';

function foreign(pattern: RegExp, name: string, ...hints: readonly string[]): Mistake {
  return { pattern, problem: `this looks like ${name}, not like the text format`, hints };
}

/**
 * What is sent in place of the text format, told by the line at which the parser stopped and what
 * follows it. The first that fits counts.
 */
export const FOREIGN_FORMATS: readonly Mistake[] = [
  {
    pattern: /^--\S{4,80}\r?\n[ \t]*content-/i,
    problem: 'this is a form (multipart)',
    hints: ['send the text itself: with curl --data-binary @FILE, not -F'],
  },
  {
    pattern: /^content-disposition:/i,
    problem: 'this is a form (multipart)',
    hints: ['send the text itself: with curl --data-binary @FILE, not -F'],
  },
  {
    pattern: /^(?:<{7}|={7}|>{7})(?:\s|$)/,
    problem: 'this is the mark of a merge conflict',
    hints: ['resolve it in the file'],
  },
  foreign(
    /^\s*<(?:!doctype html|\/?(?:html|head|body|title|h\d|p|div|center|hr|meta)\b)/i,
    'HTML or XML',
    'is it an error page of what was fetched before? look at the file',
  ),
  foreign(/^\s*<(?:[?!/]|[\w:]+[^>\n]*>)/, 'HTML or XML', EXAMPLE),
  {
    pattern: /^\s*(?:\{\s*"(?:[^"\\\n]|\\.)*"\s*[,}]|"(?:[^"\\\n]|\\.)*"[ \t]*(?:\{|[-+\d]))/,
    problem: 'a metric name in quotes',
    hints: [
      'quoted names, which Prometheus 3 has, are not taken',
      'write NAME{LABEL="VALUE"} NUMBER; a name has letters, digits, "_" and ":"',
    ],
  },
  foreign(
    /^\s*\{\s*"(?:resourceMetrics|resource_metrics|resourceLogs|resourceSpans)"/,
    'OTLP (JSON)',
    'send OTLP to Prometheus or a collector, not to a push gateway',
  ),
  foreign(
    /^\s*(?:\{\s*(?:["'][^"'\n]*["']\s*:|[\w.-]+\s*:|\r?\n|$|\}\s*$)|\[\s*(?:[[{"'\d\]-]|\r?\n|$)|"[^"\n]*"\s*(?::|\r?\n|$))/,
    'JSON',
    EXAMPLE,
    'each number becomes a line of its own: jq can write them',
  ),
  {
    pattern: /^[^\n]*\{\{[^\n]*|^[^\n"]*\{%/,
    problem: 'a placeholder of a template that was not filled in',
    hints: ['look at what should have replaced it'],
  },
  {
    pattern: /^[^\s=&{}"]+=[^\s&{}"]*(?:&[^\s=&{}"]+=[^\s&{}"]*)+&?(?=\r?\n|$)/,
    problem: 'this is a form (a=1&b=2)',
    hints: ['send the text itself: with curl --data-binary @FILE', EXAMPLE],
  },
  {
    pattern:
      /^[A-Za-z_:][\w:]*\+[-\d.]+(?:%0a)?(?=\s*$)|^[\w.-]+=(?![-+]?[\d.]+(?:e[-+]?\d+)?\s*$)[^\s&{}"]*[+%][^\s&{}"]*(?=\r?\n|$)|^[\w:.+~*'()=&-]*%(?:20|0a|0d|22|3d|7b)[\w:.+~*'()=&%-]*(?=\r?\n|$)|^[\w:.+~*'()=&-]*(?:%[0-9a-f]{2}[\w:.+~*'()=&-]*){2,}(?=\r?\n|$)/i,
    problem: 'this is percent-encoded, as a form is (curl --data-urlencode)',
    hints: ['send the text itself: with curl --data-binary @FILE'],
  },
  foreign(
    /^[\w.:-]+(?:,[\w.-]+=[^,\s]+)*[ \t]+[\w.-]+=(?:"[^"\n]*"|[^\s,"]+)(?:,[\w.-]+=(?:"[^"\n]*"|[^\s,"]+))*(?:[ \t]+\d+)?(?=\r?\n|$)/,
    'the line protocol of InfluxDB',
    'write cpu_idle{host="a"} 42 for cpu,host=a idle=42',
  ),
  foreign(
    /^[\w.:/-]+:[-+]?[\d.]+\|(?:c|g|ms|h|s|d|m)(?![a-z])/,
    'StatsD',
    'write NAME 42 for NAME:42|g; statsd_exporter translates',
  ),
  foreign(
    /^put [\w./-]+ \d{9,13} \S+/,
    'OpenTSDB',
    'write cpu_idle{host="a"} 42 for put cpu.idle TIME 42 host=a',
  ),
  foreign(
    /^[\w.-]+(?:;[\w.-]+=[^;\s]+)+[ \t]+[-+\d.eE]+(?:[ \t]+-?\d{9,13}|[ \t]+\d)?(?=\r?\n|$)/,
    'Graphite',
    'write cpu_idle{host="a"} 42 for cpu.idle;host=a 42',
  ),
  foreign(
    /^[\w-]+(?:\.[\w-]+)+[ \t]+[-+\d.eE]+[ \t]+-?\d{9,13}(?=\r?\n|$)/,
    'Graphite',
    'write "_" for ".", and leave the time out',
  ),
  {
    pattern: /^@[^\s{}]+(?=\s*$)/,
    problem: ([name]) => `the body is the file name ${renderQuoted(name)}, not the file`,
    hints: [SEND_FILE],
  },
  {
    pattern:
      /^(?:~?\.{0,2}\/)?(?:[\w.-]+\/)*[\w-][\w.-]*\.(?:prom|txt|metrics?|om|log|json|csv|tmp|out|dat|ya?ml|pb|gz)(?=\s*$)/,
    problem: ([name]) => `the body is the file name ${renderQuoted(name)}, not the file`,
    hints: [SEND_FILE],
  },
  {
    pattern: /^(?:~|\.{1,2})?\/(?![/*])[^\s{}]*(?=\s*$)/,
    problem: ([name]) => `the body is the file name ${renderQuoted(name)}, not the file`,
    hints: [SEND_FILE],
  },
  {
    pattern: /^(?:[A-Za-z]:\\[^\s{}]*)(?=\s*$)/,
    problem: ([name]) => `the body is the file name ${renderQuoted(name)}, not the file`,
    hints: [SEND_FILE],
  },
  {
    pattern:
      /^(?:Traceback \(most recent|[^\n]*(?:command not found|No such file or directory|Permission denied)|(?:-?(?:ba|z|da)?sh|curl|wget|awk|sed|grep|cat|jq|python3?|node|ls|stat|date): )/,
    problem: 'this is an error message of a command, not a metric',
    hints: ['look at what the command before printed'],
  },
  {
    pattern: /^(?:HTTP\/[\d.]+ \d{3}|(?:GET|HEAD|POST|PUT|DELETE) \/\S* HTTP\/)/,
    problem: 'this is the head of an HTTP message, not a metric',
    hints: ['fetch without the headers: curl writes them with -i, -v and -D'],
  },
  {
    pattern: /^(?=\S*[A-Z])(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{3}=|[A-Za-z0-9+/]{2}==)(?=\s*$)/,
    problem: 'this is base64',
    hints: ['send what it stands for: base64 -d'],
  },
  { pattern: /^```|^~~~/, problem: 'this is Markdown', hints: [EXAMPLE] },
  {
    pattern: /^[^\n]* => \S+ @\[/,
    problem: 'this is the result of a query, not the text format',
    hints: ['write NAME{LABEL="VALUE"} NUMBER, without => and the time'],
  },
  foreign(/^(?:---[ \t]*(?:\r?\n|$)|[ \t]*- [\w.-]+:)/, 'YAML', EXAMPLE),
  foreign(/^\[[\w. -]+\](?=\s)/, 'an INI file', EXAMPLE),
  foreign(/^"[^"\n]*"(?:[,;\t]"[^"\n]*")+/, 'CSV', EXAMPLE),
  foreign(
    /^(?![-+]?\d*,\d+(?:e|\s|$))[^\s,;{}"=]+(?:,[^\s,;{}"=]*)+(?=\s*$|\r?\n)/i,
    'CSV',
    EXAMPLE,
  ),
  foreign(/^[^\s,;{}"=]+(?:;[^\s,;{}"=]+)+;?(?=\s*$|\r?\n)/, 'CSV', EXAMPLE),
  {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: it is what is looked for
    pattern: /^[^\n]*\u001b\[/,
    problem: 'colour codes of a terminal',
    hints: ['switch colours off: NO_COLOR=1, --color=never'],
  },
];
