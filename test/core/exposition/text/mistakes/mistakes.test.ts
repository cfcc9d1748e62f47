import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseText } from '../../../../support/content-scope.ts';

/** What is sent, to what the first line of the answer says, and what one of the hints does. */
type Cases = Readonly<Record<string, readonly [body: string, problem: RegExp, hint: RegExp]>>;

const FORMATS: Cases = {
  'a form': ['a=1&b=2', /line 1: this is a form/, /--data-binary @FILE/],
  'a form of one field': ['rows=42', /"=" stands between name and value/, /write rows 42/],
  'a form, with a plus for a blank': ['rows+42', /percent-encoded/, /--data-binary/],
  'a form, percent-encoded': ['rows%2042%0A', /percent-encoded/, /--data-binary/],
  multipart: [
    '--------------------------d74496d66958873e\r\nContent-Disposition: form-data; name="f"; filename="a.prom"\r\n\r\na 1\n\r\n--------------------------d74496d66958873e--\r\n',
    /line 1: this is a form \(multipart\)/,
    /--data-binary @FILE, not -F/,
  ],
  JSON: ['{"rows": 5}', /looks like JSON/, /step="load"/],
  'JSON, indented': ['{\n  "rows": 5\n}\n', /line 1: this looks like JSON/, /step="load"/],
  'JSON, a list': ['[{"rows": 5}]\n', /looks like JSON/, /step="load"/],
  'JSON, a list of numbers': ['[1, 2]\n', /looks like JSON/, /step="load"/],
  'a dictionary of Python': ["{'rows': 5}\n", /looks like JSON/, /step="load"/],
  OTLP: ['{"resourceMetrics":[]}', /looks like OTLP/, /collector/],
  HTML: ['<!DOCTYPE html>\n<html></html>\n', /looks like HTML/, /error page/],
  XML: ['<?xml version="1.0"?>\n<a/>\n', /looks like HTML or XML/, /step="load"/],
  InfluxDB: ['cpu,host=a idle=42 1712345678000000000\n', /InfluxDB/, /cpu_idle/],
  'InfluxDB without tags': ['cpu idle=42,user=3i\n', /InfluxDB/, /cpu_idle/],
  StatsD: ['deploys:1|c\n', /StatsD/, /write NAME 42/],
  'StatsD with tags': ['latency:320|ms|@0.1|#a:b\n', /StatsD/, /write NAME 42/],
  Graphite: ['servers.db1.rows 42 1712345678\n', /Graphite/, /"_" for "\."/],
  OpenTSDB: ['put sys.cpu 1712345678 42 host=a\n', /OpenTSDB/, /step="load"/],
  CSV: ['name,value\nrows,42\n', /CSV/, /step="load"/],
  'CSV with quotes': ['"name","value"\n', /CSV/, /step="load"/],
  'CSV with semicolons': ['name;value\nrows;42\n', /CSV/, /step="load"/],
  YAML: ['---\nrows: 42\n', /YAML/, /step="load"/],
  'an INI file': ['[rows]\na = 1\n', /INI/, /step="load"/],
  Markdown: ['```\nrows 1\n```\n', /Markdown/, /step="load"/],
  'a file name': ['metrics.prom', /is the file name "metrics.prom"/, /with the @/],
  'a path': ['/tmp/metrics', /is the file name "\/tmp\/metrics"/, /with the @/],
  'a path in the directory': ['./out/a.txt\n', /is the file name/, /with the @/],
  'a file name with its mark': ['@metrics.prom', /is the file name "@metrics/, /--post-file/],
  'a message of a shell': ['bash: foo: command not found\n', /error message/, /before/],
  'a message of curl': ['curl: (6) Could not resolve host: a\n', /error message/, /before/],
  'a trace of Python': ['Traceback (most recent call last):\n', /error message/, /before/],
  'an HTTP answer': ['HTTP/1.1 200 OK\r\nServer: a\r\n\r\na 1\n', /head of an HTTP/, /-i/],
  'the result of a query': ['rows{a="b"} => 5 @[1712345678]\n', /result of a query/, /without =>/],
  'a template': ['rows{{ value }} 1\n', /template/, /replaced/],
  'a merge conflict': ['a 1\n<<<<<<< HEAD\n', /line 2: .*merge conflict/, /resolve/],
  'colours of a terminal': ['\u001b[32mrows\u001b[0m 1\n', /colour/, /NO_COLOR/],
  'lines joined by curl -d': ['# TYPE rows gaugerows 5', /joined into one/, /--data-binary/],
  'samples joined by curl -d': ['rows 5steps 6', /joined into one/, /--data-binary/],
  'lines of an old Mac': ['a 1\rb 2\r', /carriage returns where/, /tr /],
  'a body without its last line feed': ['a 1\nb 2', /line 2: .*no line feed at its end/, /\\n/],
};

const NAMES: Cases = {
  'a name in quotes': ['"my.metric" 1\n', /metric name in quotes/, /Prometheus 3/],
  'a name in quotes and braces': ['{"my.metric"} 1\n', /metric name in quotes/, /Prometheus 3/],
  'the same with labels': ['{"my.metric", a="b"} 1\n', /metric name in quotes/, /Prometheus 3/],
  'a hyphen': ['batch-rows 5\n', /cannot have "-"/, /^write batch_rows$/],
  'a point': ['batch.rows.total{a="b"} 5\n', /cannot have "\."/, /^write batch_rows_total$/],
  'a slash': ['batch/rows 5\n', /cannot have "\/"/, /^write batch_rows$/],
  'a letter beyond ASCII': ['größe 5\n', /cannot have "ö"/, /^write gr_e$/],
  'a digit first': ['5xx_total 5\n', /cannot begin with "5"/, /digits/],
  blanks: ['my rows 5\n', /has no blanks/, /^write my_rows$/],
  'a no-break space': ['rows\u00a05\n', /no-break space/, /letters/],
  'no name before labels': ['{a="b"} 1\n', /name before "\{" is missing/, /variable/],
  'no name before a value': [' 42\n', /value without a metric name/, /variable/],
  'no name in later lines': ['a 1\n42.5\n', /line 2: a value without/, /variable/],
  'a variable of a shell': ['$NAME 1\n', /"\$NAME" was not replaced/, /double quotes/],
  'a placeholder': ['<metric> 1\n', /XML|placeholder/, /./],
  'an expression': ['sum(rows) 1\n', /expression/, /queries/],
  'labels in brackets': ['rows[table="a"] 1\n', /labels stand in braces/, /^write NAME/],
  'a range': ['rows[5m] 1\n', /range/, /write NAME/],
  'a comment of C': ['// rows\n', /comment begins with "#"/, /before/],
  'a comment of SQL': ['-- rows\n', /comment begins with "#"/, /before/],
  'TYPE without its mark': ['TYPE rows gauge\n', /"#" is missing before TYPE/, /write "# TYPE"/],
  'a name alone': ['rows\n', /"rows" has no value/, /variable/],
};

const VALUES: Cases = {
  'a decimal comma': ['rows 1,5\n', /"1,5" is not a value/, /LC_ALL=C/],
  'a decimal comma with exponent': ['rows 0,000000e+00\n', /not a value/, /LC_ALL=C/],
  'thousands by comma': ['rows 1,000\n', /"1,000" is not a value/, /thousands/],
  'thousands by comma twice': ['rows 1,000,000\n', /not a value/, /thousands/],
  'thousands by blank': ['rows 1 000\n', /not a value/, /thousands/],
  'thousands by apostrophe': ["rows 1'000\n", /not a value/, /thousands/],
  'thousands by underscore': ['rows 1_000\n', /not a value/, /thousands/],
  'thousands by point': ['rows 1.000,5\n', /not a value/, /thousands/],
  milliseconds: ['rows 42ms\n', /a unit after the value: "42ms"/, /_seconds/],
  'a unit behind a blank': ['rows 42 MB\n', /a unit after the value/, /_bytes/],
  percent: ['rows 42%\n', /a unit after the value/, /_ratio/],
  currency: ['rows €5\n', /currency/, /alone/],
  hexadecimal: ['rows 0x1F\n', /"0x1F" is not a value/, /decimal/],
  true: ['rows true\n', /"true" is not a value/, /1 or 0/],
  no: ['rows no\n', /"no" is not a value/, /1 or 0/],
  null: ['rows null\n', /"null" is not a value/, /NaN/],
  None: ['rows None\n', /"None" is not a value/, /NaN/],
  'not available': ['rows N/A\n', /"N\/A" is not a value/, /NaN/],
  'quotes around nothing': ['rows ""\n', /quotes around the value/, /is the variable empty/],
  'not a number, with a sign': ['rows -nan\n', /"-nan" is not a value/, /^write NaN/],
  'a duration in parts': ['rows 1h30m\n', /"1h30m" is a duration/, /in seconds/],
  'labels behind it': ['rows 5 {a="b"}\n', /labels after the value/, /^labels stand between/],
  'another series behind it': ['a 5 b 6\n', /"b 6" after the value/, /a line of its own/],
  quotes: ['rows "5"\n', /quotes around the value/, /^write 5 /],
  'a variable of a shell': ['rows $VALUE\n', /"\$VALUE" was not replaced/, /double quotes/],
  'a command of a shell': ['rows $(date +%s)\n', /was not replaced/, /double quotes/],
  'an empty variable': ['rows \n', /the value is missing/, /variable/],
  'an empty variable behind labels': ['rows{a="b"}\n', /the value is missing/, /variable/],
  'a placeholder of printf': ['rows %d\n', /"%d" is a placeholder/, /replaced/],
  'the letter n behind a backslash': ['a 1\\nb 2\\n\n', /backslash/, /printf/],
  'an equals sign': ['rows = 5\n', /"=" stands between/, /blank/],
  'a comma behind it': ['rows 5,\n', /"5," is not a value/, /after the number/],
  'a semicolon behind it': ['rows 5;\n', /"5;" is not a value/, /after the number/],
  'a date': ['rows 2026-01-31\n', /date or time/, /date \+%s/],
  'a time': ['rows 12:30:00\n', /date or time/, /date \+%s/],
  'a version': ['rows 1.2.3\n', /"1.2.3" is not a value/, /build_info/],
  'a timestamp in seconds': ['rows 5 1712345678\n', /a timestamp after/, /leave it out/],
  'a timestamp in milliseconds': ['rows 5 1712345678000\n', /a timestamp after/, /leave it out/],
  'a timestamp of OpenMetrics': ['rows 5 1712345678.123\n', /a timestamp after/, /leave it out/],
  'a timestamp as text': ['rows 5 2026-01-31T12:00:00Z\n', /a timestamp after/, /leave it out/],
  'an exemplar': ['rows 5 # {trace_id="a"} 1\n', /an exemplar/, /OpenMetrics/],
  'an exemplar with times': [
    'a_bucket{le="1"} 5 1.0 # {t="a"} 1 1.0\n',
    /an exemplar/,
    /OpenMetrics/,
  ],
  'a comment': ['rows 5 # the rows\n', /a comment after/, /line of its own/],
  'a minus sign': ['rows −5\n', /minus sign/, /keyboard/],
  'out of range': ['rows 1e400\n', /"1e400" is out of range/, /1.8e308/],
  'a calculation': ['rows 5*3\n', /calculation/, /result/],
  'a list': ['rows [5]\n', /brackets/, /one number/],
  'a word': ['rows many\n', /"many" is not a value/, /42/],
  'blanks behind it': ['rows 5 \n', /blanks after/, /remove/],
  'line ends of Windows': ['rows 5\r\n', /carriage return at its end/, /dos2unix/],
};

const LABELS: Cases = {
  'single quotes': ["a{b='c'} 1\n", /not single ones/, /write "/],
  'typographic quotes': ['a{b=“c”} 1\n', /plain double quotes/, /typographic/],
  'no quotes': ['a{b=c} 1\n', /"b" needs quotes/, /shell takes quotes away/],
  'no value': ['a{b=} 1\n', /label "b" has no value/, /variable/],
  'no equals sign': ['a{b} 1\n', /a label without a value/, /LABEL="VALUE"/],
  'no name': ['a{="b"} 1\n', /a label without a name/, /variable/],
  'a colon': ['a{b:"c"} 1\n', /not ":"/, /LABEL="VALUE"/],
  'as in JSON': ['a{"b":"c"} 1\n', /as in JSON/, /LABEL="VALUE"/],
  'a name in quotes': ['a{"b.c"="d"} 1\n', /label name in quotes/, /Prometheus 3/],
  'a hyphen in a name': ['a{b-c="d"} 1\n', /cannot have "-"/, /"_"/],
  'a point in a name': ['a{b.c="d"} 1\n', /cannot have "\."/, /"_"/],
  'a digit first': ['a{1b="c"} 1\n', /cannot begin with a digit/, /_1b/],
  'no comma': ['a{b="c" d="e"} 1\n', /a comma is missing/, /,LABEL/],
  'a semicolon': ['a{b="c";d="e"} 1\n', /separated by a comma/, /","/],
  'two commas': ['a{b="c",,d="e"} 1\n', /two commas/, /one comma/],
  'a quote inside': ['a{b="say "hi""} 1\n', /quote inside a label value/, /\\"/],
  'a backslash before the quote': [
    'a{b=\\"c\\"} 1\n',
    /backslash before the quote/,
    /leave it out/,
  ],
  'a path of Windows': ['a{b="C:\\dir"} 1\n', /wrong escape/, /\\\\/],
  'a tab as an escape': ['a{b="\\t"} 1\n', /\\t is no escape/, /tab itself/],
  'an escape of JSON': ['a{b="\\u00e9"} 1\n', /\\u00e9 is no escape/, /itself/],
  'a line feed inside': ['a{b="c\nd"} 1\n', /a line feed inside a label value/, /\\n/],
  'no closing quote': ['a{b="c} 1\nd 2\n', /no closing quote/, /add it/],
  'no closing brace': ['a{b="c"\n', /"\}" is missing/, /add it/],
  'a bracket for a brace': ['a{b="c"] 1\n', /end with "\}"/, /"\}"/],
  'a matcher of a query': ['a{b=~"c"} 1\n', /not a query/, /LABEL="VALUE"/],
  'another matcher': ['a{b!="c"} 1\n', /not a query/, /LABEL="VALUE"/],
  'a label twice': ['a{b="c",b="d"} 1\n', /label "b" is there twice/, /one of them/],
  __name__: ['a{__name__="b"} 1\n', /"__name__" is reserved/, /^choose another name/],
};

const COMMENTS: Cases = {
  'HELP twice': ['# HELP a x\n# HELP a x\na 1\n', /second HELP of "a"/, /once a metric, before/],
  'TYPE twice': ['# TYPE a gauge\n# TYPE a gauge\n', /second TYPE of "a"/, /once a metric, before/],
  'TYPE after its samples': ['a 1\n# TYPE a gauge\n', /late TYPE of "a"/, /once a metric, before/],
  'the type unknown': ['# TYPE a unknown\n', /"unknown" is not a type/, /write untyped/],
  'the type gaugehistogram': ['# TYPE a gaugehistogram\n', /not a type/, /write histogram/],
  'the type info': ['# TYPE a info\n', /"info" is not a type/, /write gauge/],
  'the type stateset': ['# TYPE a stateset\n', /"stateset" is not a type/, /write gauge/],
  'the type timer': ['# TYPE a timer\n', /"timer" is not a type/, /write histogram/],
  'the type int': ['# TYPE a int\n', /"int" is not a type/, /write gauge/],
  'the type total': ['# TYPE a total\n', /"total" is not a type/, /write counter/],
  'no type': ['# TYPE a\n', /TYPE without a type/, /counter, gauge/],
  'the type first': ['# TYPE gauge rows\n', /type stands before the name/, /"# TYPE rows gauge"/],
  'a type in quotes': ['# TYPE a "gauge"\n', /quotes around a type/, /write gauge/],
  'a comment behind the type': ['# TYPE a gauge # x\n', /something after the type/, /gauge/],
  'a type of no format': ['# TYPE a foo\n', /"foo" is not a type/, /counter, gauge/],
  'a hyphen in the name': ['# TYPE a-b gauge\n', /TYPE of a name with "-"/, /letters/],
  'an escape in HELP': ['# HELP a \\d\n', /HELP has a wrong escape/, /\\n/],
};

const HISTOGRAMS: Cases = {
  'no last bucket': ['# TYPE h histogram\nh_bucket{le="1"} 1\n', /no bucket le="\+Inf"/, /\+Inf/],
  'counts that fall': [
    '# TYPE h histogram\nh_bucket{le="1"} 3\nh_bucket{le="+Inf"} 1\n',
    /smaller count/,
    /up to its bound/,
  ],
  'a bucket without le': ['# TYPE h histogram\nh_bucket 1\n', /needs the label le/, /_bucket\{le=/],
  'one number': ['# TYPE h histogram\nh 1\n', /ends in _bucket/, /# TYPE h gauge/],
  'a bound that is no number': [
    '# TYPE h histogram\nh_bucket{le="1s"} 1\n',
    /le="1s" is not a number/,
    /decimal/,
  ],
  'a count that is not whole': ['# TYPE h histogram\nh_count 1.5\n', /not a count/, /whole/],
  'quantile in a histogram': [
    '# TYPE h histogram\nh_bucket{quantile="1"} 1\n',
    /needs the label le|cannot have the label quantile/,
    /_bucket\{le=/,
  ],
};

const KINDS = { FORMATS, NAMES, VALUES, LABELS, COMMENTS, HISTOGRAMS };
for (const [kind, cases] of Object.entries(KINDS)) {
  for (const [name, [body, problem, hint]] of Object.entries(cases)) {
    test(`${kind.toLowerCase()}: ${name}`, () => {
      const decision = parseText(body);
      assert.ok(decision.effect === 'deny');
      const { reason, detail = '', hints = [] } = decision;
      assert.equal(reason, 'body_invalid');
      assert.match(detail, problem);
      assert.ok(
        hints.some((line) => hint.test(line)),
        hints.join('\n'),
      );
      assert.ok(hints.length <= 3);
    });
  }
}
