import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseEndpoint } from '../../../src/core/request/endpoint.ts';
import { parsePushTarget } from '../../../src/core/target/push-target.ts';
import { readTargetCorpus } from '../../support/corpus.ts';
import { allowed, denied } from '../../support/decision.ts';

const PUSH = { emptyValues: false };
const DELETE = { emptyValues: true };

/** Spellings that Pushgateway stores under one key: raw, job, labels, canonical. */
const ONE_KEY: readonly (readonly [canonical: string, spellings: readonly string[]])[] = [
  [
    '/metrics/job/team-a',
    [
      '/metrics/job/team-a',
      '/metrics/job/team%2Da',
      '/metrics/job/%74%65%61%6D%2d%61',
      '/metrics/%6Aob/team-a',
      '/%6Detrics/%6a%6f%62/team-a',
      '/metrics/job@base64/dGVhbS1h',
      '/metrics/job%40base64/dGVhbS1h',
      '/metrics/job@base64/%64GVhbS1h',
      '/metrics/job%40%62ase64/dGVhbS1h',
    ],
  ],
  [
    '/metrics/job/team-a1',
    [
      '/metrics/job@base64/dGVhbS1hMQ',
      '/metrics/job@base64/dGVhbS1hMQ==',
      '/metrics/job@base64/dGVhbS1hMQ%3D%3d',
    ],
  ],
  [
    '/metrics/job/a/instance/i/zone/z',
    [
      '/metrics/job/a/instance/i/zone/z',
      '/metrics/job/a/zone/z/instance/i',
      '/metrics/job/a/zone@base64/eg/instance@base64/aQ==',
      '/metrics/job/a/%7aone/z/instance%40base64/aQ',
    ],
  ],
  ['/metrics/job@base64/YS9i', ['/metrics/job@base64/YS9i']],
  ['/metrics/job@base64/Li4', ['/metrics/job@base64/Li4']],
  ['/metrics/job@base64/dGVhbSBh', ['/metrics/job/team%20a', '/metrics/job@base64/dGVhbSBh']],
  ['/metrics/job@base64/dGVhbSth', ['/metrics/job/team+a', '/metrics/job/team%2Ba']],
  ['/metrics/job@base64/dGVhbSUyRGE', ['/metrics/job/team%252Da']],
  ['/metrics/job@base64/Y2Fmw6k', ['/metrics/job/caf%C3%A9', '/metrics/job@base64/Y2Fmw6k']],
  ['/metrics/job/a/Job/b', ['/metrics/job/a/Job/b', '/metrics/job/a/%4Aob/b']],
];
for (const [canonical, spellings] of ONE_KEY) {
  for (const raw of spellings) {
    test(`parsePushTarget renders ${raw} as ${canonical}`, () => {
      assert.equal(allowed(parsePushTarget(raw, PUSH)).canonical, canonical);
    });
  }
}

test('parsePushTarget gives the decoded job and the decoded labels sorted by name', () => {
  const raw = '/metrics/job@base64/YS9i/zone/%C3%A9/Zone/1/instance/x%20y';
  assert.deepEqual(allowed(parsePushTarget(raw, PUSH)).key, {
    job: 'a/b',
    labels: [
      { name: 'Zone', value: '1' },
      { name: 'instance', value: 'x y' },
      { name: 'zone', value: 'é' },
    ],
  });
});

const START = 'the path must begin with /metrics/job/';
const REFUSED: readonly (readonly [raw: string, detail: string])[] = [
  ['/metrics/jobs/a', START],
  ['/Metrics/job/a', START],
  ['/metrics/Job/a', START],
  ['/metrics/instance/a', START],
  ['/metrics/instance/a/job/b', START],
  ['/metrics/instance@base64/=', START],
  ['/metrics', START],
  ['/push/job/a', START],
  ['/api/v1/admin/wipe', START],
  ['/metrics/job@base64@base64/YQ', START],
  ['/metrics/job', '"job" has no value'],
  ['/metrics/job/a/l', '"l" has no value'],
  ['/metrics/job/a/l/v/m', '"m" has no value'],
  ['/metrics/job@base64/=', 'the job is empty'],
  ['/metrics/job@base64/==', 'the job is empty'],
  ['/metrics/job@base64/dGVhbS1hMQ=====', 'the job is not base64url'],
  ['/metrics/job@base64/w7vDv8O+', 'the job is not base64url'],
  ['/metrics/job@base64/a', 'the job is not base64url'],
  ['/metrics/job@base64/YR', 'the job is not base64url'],
  ['/metrics/job@base64/YWJ', 'the job is not base64url'],
  ['/metrics/job@base64/Y=Q', 'the job is not base64url'],
  ['/metrics/job@base64/dmlj%0AdGlt', 'the job is not base64url'],
  ['/metrics/job@base64/!!!', 'the job is not base64url'],
  ['/metrics/job@base64/_w', 'the job is not UTF-8'],
  ['/metrics/job@base64/7aCA', 'the job is not UTF-8'],
  ['/metrics/job@base64/Yf96_3E', 'the job is not UTF-8'],
  ['/metrics/job@base64/YQo', 'the job ends in a line feed'],
  ['/metrics/job/a/l@base64/YQ0K', 'label "l" ends in a line feed'],
  ['/metrics/job@base64/YQA', 'the job has a control or invisible character'],
  ['/metrics/job@base64/77u_YQ', 'the job has a control or invisible character'],
  ['/metrics/job/a%0Ab', 'the job has a control or invisible character'],
  ['/metrics/job/a%E2%80%8B', 'the job has a control or invisible character'],
  ['/metrics/job/a%20', 'the job begins or ends with a space'],
  ['/metrics/job/a%C2%A0', 'the job begins or ends with a space'],
  ['/metrics/job/cafe%CC%81', 'the job is not in Unicode normal form C'],
  ['/metrics/job/a/l@base64/_w', 'label "l" is not UTF-8'],
  ['/metrics/job/a/l@base64/====', 'label "l" is not base64url'],
  ['/metrics/job/a/l/%00', 'label "l" has a control or invisible character'],
  ['/metrics/job/a/l/1/l/2', 'label "l" is there twice'],
  ['/metrics/job/a/l/1/%6C/1', 'label "l" is there twice'],
  ['/metrics/job/a/l/1/l@base64/Mg', 'label "l" is there twice'],
  ['/metrics/job/a/job/b', 'the label name "job" is reserved'],
  ['/metrics/job/a/%6aob/b', 'the label name "job" is reserved'],
  ['/metrics/job/a/job@base64/Yg', 'the label name "job" is reserved'],
  ['/metrics/job/a/le/1', 'the label name "le" is reserved'],
  ['/metrics/job/a/quantile/1', 'the label name "quantile" is reserved'],
  ['/metrics/job/a/__name__/x', 'the label name "__name__" is reserved'],
  ['/metrics/job/a/U__instance/x', 'the label name "U__instance" is reserved'],
  ['/metrics/job/a/a-b/v', '"a-b" is not a label name'],
  ['/metrics/job/a/%20job/b', '" job" is not a label name'],
  ['/metrics/job/a/@base64/dg', '"" is not a label name'],
  ['/metrics/job/a/l@base64@base64/dg', '"l@base64" is not a label name'],
  ['/metrics/job/a/l@BASE64/dg', '"l@BASE64" is not a label name'],
];
for (const [raw, detail] of REFUSED) {
  for (const [action, options] of [
    ['push', PUSH],
    ['delete', DELETE],
  ] as const) {
    test(`parsePushTarget refuses a ${action} to ${raw}: ${detail}`, () => {
      const refusal = denied(parsePushTarget(raw, options));
      assert.deepEqual([refusal.reason, refusal.detail], ['target_invalid', detail]);
      assert.ok((refusal.hints ?? []).length > 0, 'it does not say what to do');
    });
  }
}

const HINTS = [
  ['/metrics/job/a/instance=b', 'write "instance/b"'],
  ['/metrics/job/a/instance:b', 'write "instance/b"'],
  ['/metrics/job/a/l/1/l/2', 'leave one of them out'],
  ['/metrics/job/a/a-b/v', 'write a_b'],
  ['/metrics/job/a/1a/v', 'write _1a'],
  ['/metrics/job/a/l@base32/v', 'the only ending is @base64, not @base32'],
  ['/metrics/job/a/l@BASE64/v', 'the only ending is @base64, not @BASE64'],
  [
    '/metrics/job/a%0A',
    'leave U+000A out: it comes with a line end, or with text copied from a page',
  ],
  [
    '/metrics/job/a%E2%80%8B',
    'leave U+200B out: it comes with a line end, or with text copied from a page',
  ],
] as const;
for (const [raw, hint] of HINTS) {
  test(`parsePushTarget says what to do about ${raw}`, () => {
    const { hints = [] } = denied(parsePushTarget(raw, PUSH));
    assert.ok(hints.includes(hint), hints.join('\n'));
  });
}

for (const raw of ['/metrics/job/a/l@base64/=', '/metrics/job/a/l@base64/==']) {
  test(`parsePushTarget refuses the empty value of ${raw} for a push and says to leave it out`, () => {
    const { reason, detail, hints } = denied(parsePushTarget(raw, PUSH));
    assert.deepEqual([reason, detail], ['target_invalid', 'label "l" has an empty value']);
    assert.match(hints?.join() ?? '', /^leave the label out/);
  });

  test(`parsePushTarget takes the empty value of ${raw} for a delete`, () => {
    const { canonical, key } = allowed(parsePushTarget(raw, DELETE));
    assert.equal(canonical, '/metrics/job/a/l@base64/=');
    assert.deepEqual(key.labels, [{ name: 'l', value: '' }]);
  });
}

for (const raw of [
  '/metrics/job/a/l/',
  '/metrics/job//l/v',
  '/metrics/job/a?',
  'http://h/metrics/job/a',
]) {
  test(`parsePushTarget refuses ${raw} for a delete too`, () => {
    assert.equal(denied(parsePushTarget(raw, DELETE)).reason, 'target_invalid');
  });
}

/** Where the gateway would send a request, or undefined when it is refused or no push. */
function canonicalOf(method: string, target: string): string | undefined {
  const endpoint = parseEndpoint(method, target);
  if (endpoint.effect === 'deny' || endpoint.value.kind !== 'push') return undefined;
  const parsed = parsePushTarget(target, { emptyValues: endpoint.value.action === 'delete' });
  return parsed.effect === 'allow' ? parsed.value.canonical : undefined;
}

for (const row of readTargetCorpus()) {
  const { decision, canonical_target: canonical, acl_job: job, labels } = row.recommended_gateway;
  if (decision !== 'forward' && decision !== 'reject') continue;
  const [line = ''] = Buffer.from(row.raw_request_b64, 'base64').toString('latin1').split('\r\n');
  const target = line.slice(row.method.length + 1, line.lastIndexOf(' '));

  test(`corpus row ${row.id} is decided as ${decision}: ${row.why}`, () => {
    assert.equal(canonicalOf(row.method, target), canonical);
    if (canonical === undefined) return;
    const { key } = allowed(parsePushTarget(target, DELETE));
    assert.equal(key.job, job);
    assert.deepEqual(
      Object.fromEntries(key.labels.map(({ name, value }) => [name, value])),
      labels,
    );
  });
}

test('parsePushTarget says which alphabet base64 with a slash in it needs', () => {
  for (const raw of ['/metrics/job/a/l@base64/Pz8/', '/metrics/job/a/l@base64/Pz8/Pw==']) {
    const hints = denied(parsePushTarget(raw, PUSH)).hints?.join('\n') ?? '';
    assert.match(hints, /^base64 with .* needs the URL alphabet/);
    assert.doesNotMatch(hints, /Pw/);
  }
});
