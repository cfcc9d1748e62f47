import assert from 'node:assert/strict';
import { test } from 'node:test';
import { deny } from '../../src/core/decision.ts';
import { REASON_NAMES, REASONS } from '../../src/core/reason.ts';
import { renderRefusal } from '../../src/http/refusal.ts';

const CONTEXT = {
  requestId: '01JDX5K4Z3W7N9Q2R8T6V0Y1A4',
  accept: undefined,
  challenges: ['Basic realm="pushwarden", charset="UTF-8"', 'Bearer realm="pushwarden"'],
};

for (const reason of REASON_NAMES) {
  test(`${reason} is told in the phrase and in one short line, and what to do in another`, () => {
    const { status, phrase, headers, body } = renderRefusal(deny(reason), CONTEXT);
    const row = REASONS[reason];
    assert.equal(status, row.status);
    assert.match(phrase, new RegExp(`^[A-Z][A-Za-z ]+ \\(${reason}\\)$`));
    assert.equal(body, `${reason}: ${row.title} (${CONTEXT.requestId})\n${row.advice}\n`);
    assert.ok(body.indexOf('\n') <= 120);
    assert.equal(headers['x-request-id'], CONTEXT.requestId);
    assert.equal(headers['content-type'], 'text/plain; charset=utf-8');
    assert.equal(headers['retry-after'], row.retryable ? '1' : undefined);
    const challenges = row.status === 401 ? CONTEXT.challenges : undefined;
    assert.deepEqual(headers['www-authenticate'], challenges);
  });
}

test('a detail takes the place of the title, hints follow', () => {
  const refusal = deny('target_invalid', { detail: 'a slash in a value', hints: ['use @base64'] });
  const { body } = renderRefusal(refusal, CONTEXT);
  assert.equal(body, `target_invalid: a slash in a value (${CONTEXT.requestId})\nuse @base64\n`);
});

test('a detail too long for the first line has a line of its own', () => {
  const detail = 'x'.repeat(200);
  const [first = '', ...rest] = renderRefusal(deny('body_invalid', detail), CONTEXT).body.split(
    '\n',
  );
  assert.equal(first, `body_invalid: ${REASONS.body_invalid.title} (${CONTEXT.requestId})`);
  assert.deepEqual(rest, [detail, REASONS.body_invalid.advice, '']);
});

test('what is for the operator is not in the answer', () => {
  const refusal = deny('upstream_rejected', { internal: 'team="b"' });
  for (const accept of [undefined, 'application/json']) {
    assert.doesNotMatch(JSON.stringify(renderRefusal(refusal, { ...CONTEXT, accept })), /team=/);
  }
});

test('the length counts bytes', () => {
  const { headers, body } = renderRefusal(deny('label_not_allowed', 'é is not a'), CONTEXT);
  assert.equal(headers['content-length'], String(Buffer.byteLength(body)));
  assert.notEqual(headers['content-length'], String(body.length));
});

test('the seconds to wait and the methods of a path are told', () => {
  const throttled = renderRefusal(deny('rate_limited', { retryAfterSeconds: 17 }), CONTEXT);
  assert.equal(throttled.headers['retry-after'], '17');
  const wrong = renderRefusal(
    deny('method_not_allowed', { allowedMethods: ['PUT', 'POST'] }),
    CONTEXT,
  );
  assert.equal(wrong.headers['allow'], 'PUT, POST');
});

const ACCEPTS = [
  ['application/problem+json', true],
  ['text/html, application/problem+json;q=0.5', true],
  ['APPLICATION/PROBLEM+JSON', true],
  ['application/json', true],
  ['application/json; charset=utf-8, text/plain', true],
  ['text/plain, application/json', false],
  ['*/*', false],
  ['', false],
] as const;
for (const [accept, isProblem] of ACCEPTS) {
  test(`Accept "${accept}" is answered with ${isProblem ? 'problem+json' : 'text'}`, () => {
    const refusal = deny('job_not_allowed', { detail: 'not yours', hints: ['ask'] });
    const { headers, body } = renderRefusal(refusal, { ...CONTEXT, accept });
    if (!isProblem) {
      assert.equal(headers['content-type'], 'text/plain; charset=utf-8');
      return;
    }
    assert.equal(headers['content-type'], 'application/problem+json');
    assert.deepEqual(JSON.parse(body), {
      type: 'urn:pushwarden:reason:job_not_allowed',
      title: REASONS.job_not_allowed.title,
      status: 403,
      detail: 'not yours\nask',
      reason: 'job_not_allowed',
      request_id: CONTEXT.requestId,
    });
  });
}
