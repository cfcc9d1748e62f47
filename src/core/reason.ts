/** One row says everything about a reason; nothing else enumerates reasons. */
interface ReasonRow {
  /** HTTP status of the answer. */
  readonly status: number;
  /** What any caller may read: it never tells whether user, password or team was wrong. */
  readonly title: string;
  /** Whether the same request can succeed later; such answers carry `Retry-After`. */
  readonly retryable: boolean;
}

/**
 * Every reason for which a request is refused, the same word in the answer, the audit record, the
 * metric label and `docs/push/reasons.md`.
 */
export const REASONS = {
  request_malformed: { status: 400, title: 'the request is not valid HTTP', retryable: false },
  headers_too_large: { status: 431, title: 'the request headers are too large', retryable: false },
  expectation_failed: {
    status: 417,
    title: 'only "Expect: 100-continue" is understood',
    retryable: false,
  },
  network_not_allowed: {
    status: 403,
    title: 'requests from this network are not allowed',
    retryable: false,
  },
  credential_missing: {
    status: 401,
    title: 'send a credential: Basic or Bearer in the Authorization header',
    retryable: false,
  },
  credential_invalid: { status: 401, title: 'the credential is not valid', retryable: false },
  credential_expired: { status: 401, title: 'the credential has expired', retryable: false },
  too_many_failures: {
    status: 429,
    title: 'too many wrong passwords from this address for this user name',
    retryable: true,
  },
  cross_site: {
    status: 403,
    title: 'pushes and deletes from web pages are not allowed',
    retryable: false,
  },
  endpoint_not_found: { status: 404, title: 'there is no such endpoint', retryable: false },
  method_not_allowed: {
    status: 405,
    title: 'the method is not allowed on this path',
    retryable: false,
  },
  target_invalid: {
    status: 400,
    title: 'the path is not an unambiguous grouping key',
    retryable: false,
  },
  permission_missing: {
    status: 403,
    title: 'the credential may not do this',
    retryable: false,
  },
  job_not_allowed: {
    status: 403,
    title: 'the credential may not use this job',
    retryable: false,
  },
  label_not_allowed: {
    status: 403,
    title: 'a label has a value that is not allowed',
    retryable: false,
  },
  label_required: {
    status: 403,
    title: 'the grouping key lacks a required label',
    retryable: false,
  },
  body_too_large: { status: 413, title: 'the body is too large', retryable: false },
  decoded_too_large: {
    status: 413,
    title: 'the body is too large after decompression',
    retryable: false,
  },
  too_many_series: { status: 413, title: 'the push has too many series', retryable: false },
  encoding_not_supported: {
    status: 415,
    title: 'the encoding of the body is not supported',
    retryable: false,
  },
  body_invalid: { status: 400, title: 'the body is not a valid push', retryable: false },
  metric_not_allowed: {
    status: 403,
    title: 'a metric name is not allowed',
    retryable: false,
  },
  inconsistent: {
    status: 400,
    title: 'the push contradicts metrics that are stored already',
    retryable: false,
  },
  group_quota_exceeded: {
    status: 403,
    title: 'the team has as many groups as it may have',
    retryable: false,
  },
  series_quota_exceeded: {
    status: 403,
    title: 'the team has as many series as it may have',
    retryable: false,
  },
  bytes_quota_exceeded: {
    status: 403,
    title: 'the team has as many bytes stored as it may have',
    retryable: false,
  },
  rate_limited: { status: 429, title: 'the team pushes too often', retryable: true },
  too_many_concurrent: {
    status: 429,
    title: 'the team has too many pushes under way',
    retryable: true,
  },
  body_timeout: { status: 408, title: 'the request did not arrive in time', retryable: false },
  overloaded: { status: 503, title: 'the gateway is overloaded', retryable: true },
  draining: { status: 503, title: 'the gateway is shutting down', retryable: true },
  audit_unavailable: {
    status: 503,
    title: 'the audit log cannot be written, so nothing was pushed',
    retryable: true,
  },
  issuer_unavailable: {
    status: 503,
    title: 'the keys of the token issuer are not available',
    retryable: true,
  },
  upstream_unreachable: {
    status: 502,
    title: 'Pushgateway cannot be reached',
    retryable: false,
  },
  upstream_invalid: {
    status: 502,
    title: 'Pushgateway gave an answer that cannot be trusted',
    retryable: false,
  },
  upstream_timeout: {
    status: 504,
    title: 'Pushgateway did not answer in time; whether it stored the push is unknown',
    retryable: false,
  },
  upstream_rejected: { status: 400, title: 'Pushgateway refused the push', retryable: false },
  internal_error: { status: 500, title: 'the gateway failed', retryable: false },
} as const satisfies Record<string, ReasonRow>;

/** The stable word for why a request was refused. */
export type Reason = keyof typeof REASONS;

/** Every reason, in the order of the table. */
export const REASON_NAMES = Object.keys(REASONS) as readonly Reason[]; // keys of a const object
