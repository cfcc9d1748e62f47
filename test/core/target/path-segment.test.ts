import assert from 'node:assert/strict';
import { test } from 'node:test';
import { splitPath } from '../../../src/core/target/path-segment.ts';
import { allowed, denied } from '../../support/decision.ts';

const PATHS: readonly (readonly [raw: string, segments: readonly string[]])[] = [
  ['/metrics/job/a/', ['metrics', 'job', 'a']],
  ['/metrics/job@base64/YQ/', ['metrics', 'job@base64', 'YQ']],
  ['/a', ['a']],
  ['/metrics/job/a', ['metrics', 'job', 'a']],
  ["/-._~!$&'()*+,;=:@", ["-._~!$&'()*+,;=:@"]],
  ['/a+b', ['a+b']],
  ['/%6Aob', ['job']],
  ['/%6aob', ['job']],
  ['/a%20b', ['a b']],
  ['/a%2Bb', ['a+b']],
  ['/a%252Fb', ['a%2Fb']],
  ['/a%00', ['a\0']],
  ['/caf%C3%A9', ['café']],
  ['/%F0%9F%9A%80', ['🚀']],
  ['/%EF%BB%BFa', ['\ufeffa']],
  ['/%EF%BF%BF', ['\uffff']],
  ['/...', ['...']],
  ['/.a/a.', ['.a', 'a.']],
];
for (const [raw, segments] of PATHS) {
  test(`splitPath decodes ${raw} once`, () => {
    assert.deepEqual(allowed(splitPath(raw)), segments);
  });
}

const written = (name: string, percent: string): string =>
  `the path has ${name}, which is written ${percent}`;
const REFUSED: readonly (readonly [raw: string, detail: string])[] = [
  ['', 'the request target must be a path, not a URL'],
  ['*', 'the request target must be a path, not a URL'],
  ['a/b', 'the request target must be a path, not a URL'],
  ['http://h/metrics', 'the request target must be a path, not a URL'],
  ['/a?', 'a push takes no query string'],
  ['/a?b=c', 'a push takes no query string'],
  ['/a#b', written('a number sign (#)', '%23')],
  ['/a\\b', written('a backslash (\\)', '%5C')],
  ['/a b', written('a space (U+0020)', '%20')],
  ['/a"b', written('a double quote (")', '%22')],
  ['/<a>', written('a less-than sign (<)', '%3C')],
  ['/{a}', written('an opening brace ({)', '%7B')],
  ['/a|b', written('a vertical bar (|)', '%7C')],
  ['/a^b', written('a caret (^)', '%5E')],
  ['/a`b', written('a backquote (`)', '%60')],
  ['/a[b]', written('an opening bracket ([)', '%5B')],
  ['/a\0', written('a NUL character (U+0000)', '%00')],
  ['/a\n', written('a line feed (U+000A)', '%0A')],
  ['/a\x7f', written('a delete character (U+007F)', '%7F')],
  ['/\xff', written('a character (U+00FF)', '%C3%BF')],
  ['/é', written('a character (U+00E9)', '%C3%A9')],
  ['/', 'the path has an empty segment'],
  ['//a', 'the path has an empty segment'],
  ['/a//b', 'the path has an empty segment'],
  ['/a/', 'the path has an empty segment'],
  ['/metrics/job/a//', 'the path ends in a slash'],
  ['/metrics/job/a//b/c', 'the path has an empty segment'],
  ['/metrics/job/a/l/b/', 'the path ends in a slash'],
  ['/metrics/job/a/l/', 'label "l" has an empty value'],
  ['/metrics/job/a/l//tmp/x', 'label "l" has an empty value'],
  ['/metrics/job//', 'the job is empty'],
  ['/metrics/job//b', 'the job is empty'],
  ['/metrics/job/', 'the job is empty'],
  ['/.', 'the path has a dot segment'],
  ['/a/../b', 'the path has a dot segment'],
  ['/a/./b', 'the path has a dot segment'],
  ['/a/%2e', 'the path has a dot segment'],
  ['/a/%2E%2e', 'the path has a dot segment'],
  ['/a/.%2E/b', 'the path has a dot segment'],
  ['/a%2Fb', '"a/b" holds an encoded slash'],
  ['/a%2fb', '"a/b" holds an encoded slash'],
  ['/%2F', '"/" holds an encoded slash'],
  ['/a%', '"a%" has a malformed percent escape'],
  ['/a%2', '"a%2" has a malformed percent escape'],
  ['/a%zz', '"a%zz" has a malformed percent escape'],
  ['/a%u002f', '"a%u002f" has a malformed percent escape'],
  ['/%%41', '"%%41" has a malformed percent escape'],
  ['/a%ff', '"a%ff" does not decode to UTF-8'],
  ['/a%c0%af', '"a%c0%af" does not decode to UTF-8'],
  ['/a%ed%a0%80', '"a%ed%a0%80" does not decode to UTF-8'],
  ['/a%f4%90%80%80', '"a%f4%90%80%80" does not decode to UTF-8'],
  ['/caf%C3', '"caf%C3" does not decode to UTF-8'],
];
for (const [raw, detail] of REFUSED) {
  test(`splitPath refuses ${JSON.stringify(raw)}: ${detail}`, () => {
    const refusal = denied(splitPath(raw));
    assert.deepEqual([refusal.reason, refusal.detail], ['target_invalid', detail]);
  });
}

const HINTS = [
  ['/a//b', 'look for //: an empty variable, or a base URL that ends in a slash'],
  ['/metrics/job//a/b', 'is the variable empty that should stand behind job/?'],
  ['/metrics/job/a/l/', 'is the variable empty? leave the label out, and its slash'],
  ['/metrics/job/a/l//tmp/x', 'a value that begins with a slash is written l@base64/<base64url>'],
  ['/metrics/job/a/l/b/', 'leave out what stands behind the last value'],
  [
    'http://h/metrics/job/a',
    'is a proxy set (curl --proxy, http_proxy)? take the gateway out of it: no_proxy',
  ],
  [
    `/${'a'.repeat(4096)}`,
    'shorten its values: what is long can be a label of a metric in the body',
  ],
  ['/a%2Fb', 'write such a value as job@base64/<base64url> or <label>@base64/<base64url>'],
  ['/a#b', 'or as a whole: job@base64/<base64url> or <label>@base64/<base64url>'],
  ['/a/{x}', 'or was a placeholder or variable not replaced?'],
  [
    '/metrics/job/a/l@base64/Pz8/',
    "base64 with a \"/\" in it needs the URL alphabet: base64 -w0 | tr '/+' '_-'",
  ],
] as const;
for (const [raw, hint] of HINTS) {
  test(`splitPath says what to do about ${raw.slice(0, 80)}`, () => {
    assert.ok(denied(splitPath(raw)).hints?.includes(hint));
  });
}

test('splitPath takes a target of 4096 bytes and none of 4097', () => {
  const longest = `/${'a'.repeat(4095)}`;
  assert.deepEqual(allowed(splitPath(longest)), [longest.slice(1)]);
  const { reason, detail } = denied(splitPath(`${longest}a`));
  assert.deepEqual([reason, detail], ['target_invalid', 'the path is longer than 4096 bytes']);
});
