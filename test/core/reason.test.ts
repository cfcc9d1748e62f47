import assert from 'node:assert/strict';
import { test } from 'node:test';
import { REASON_NAMES, REASONS, type Reason } from '../../src/core/reason.ts';

/** As long as those of the gateway. */
const REQUEST_ID = '01JD0000000000000000000000';

const STATUSES: Readonly<Record<Reason, number>> = {
  request_malformed: 400,
  headers_too_large: 431,
  expectation_failed: 417,
  network_not_allowed: 403,
  credential_missing: 401,
  credential_invalid: 401,
  credential_expired: 401,
  too_many_failures: 429,
  cross_site: 403,
  endpoint_not_found: 404,
  method_not_allowed: 405,
  target_invalid: 400,
  permission_missing: 403,
  job_not_allowed: 403,
  label_not_allowed: 403,
  label_required: 403,
  body_too_large: 413,
  decoded_too_large: 413,
  too_many_series: 413,
  encoding_not_supported: 415,
  body_invalid: 400,
  metric_not_allowed: 403,
  group_quota_exceeded: 403,
  series_quota_exceeded: 403,
  bytes_quota_exceeded: 403,
  inconsistent: 400,
  rate_limited: 429,
  too_many_concurrent: 429,
  body_timeout: 408,
  overloaded: 503,
  state_unavailable: 503,
  draining: 503,
  audit_unavailable: 503,
  issuer_unavailable: 503,
  upstream_unreachable: 502,
  upstream_invalid: 502,
  upstream_timeout: 504,
  upstream_rejected: 400,
  internal_error: 500,
};

test('every reason has a row and every row is a known reason', () => {
  assert.deepEqual(REASON_NAMES.toSorted(), Object.keys(STATUSES).toSorted());
});

for (const reason of REASON_NAMES) {
  const { status, title, retryable } = REASONS[reason];

  test(`${reason} is answered with ${STATUSES[reason]}`, () => {
    assert.equal(status, STATUSES[reason]);
  });

  test(`${reason} carries Retry-After exactly when its status is 429 or 503`, () => {
    assert.equal(retryable, status === 429 || status === 503);
  });

  test(`the title of ${reason} fits with the reason and a request id into a line of 120`, () => {
    assert.ok(`${reason}: ${title} (${REQUEST_ID})`.length <= 120);
    assert.match(title, /^[ -~]+[^.]$/);
    assert.match(reason, /^[a-z]+(?:_[a-z]+)*$/);
  });
}
