/** One row says everything about a reason; nothing else enumerates reasons. */
interface ReasonRow {
  /** HTTP status of the answer. */
  readonly status: number;
  /** What any caller may read: it never tells whether user, password or team was wrong. */
  readonly title: string;
  /** What whoever pushes can change, where the refusal itself does not say. */
  readonly advice: string;
  /** Whether the same request can succeed later; such answers carry `Retry-After`. */
  readonly retryable: boolean;
}

/**
 * Every reason for which a request is refused, the same word in the answer, the audit record, the
 * metric label and `docs/push/reasons.md`.
 */
export const REASONS = {
  request_malformed: {
    status: 400,
    title: 'the request is not valid HTTP',
    retryable: false,
    advice: 'look at what builds the request, or at a proxy on the way',
  },
  headers_too_large: {
    status: 431,
    title: 'the request headers are too large',
    retryable: false,
    advice: 'send fewer or shorter headers',
  },
  expectation_failed: {
    status: 417,
    title: 'only "Expect: 100-continue" is understood',
    retryable: false,
    advice: 'send no other Expect header than 100-continue',
  },
  network_not_allowed: {
    status: 403,
    title: 'requests from this network are not allowed',
    retryable: false,
    advice: 'push from a network that the team may use, or ask for this one',
  },
  credential_missing: {
    status: 401,
    title: 'send a credential: Basic or Bearer in the Authorization header',
    retryable: false,
    advice: 'send the token in an Authorization header',
  },
  credential_invalid: {
    status: 401,
    title: 'the credential is not valid',
    retryable: false,
    advice: 'look for a line feed at the end of the secret, or an old password',
  },
  credential_expired: {
    status: 401,
    title: 'the credential has expired',
    retryable: false,
    advice: 'ask for a new credential, and put it where the job reads it',
  },
  too_many_failures: {
    status: 429,
    title: 'too many wrong passwords from this address for this user name',
    retryable: true,
    advice: 'find the job that has the old password',
  },
  cross_site: {
    status: 403,
    title: 'pushes and deletes from web pages are not allowed',
    retryable: false,
    advice: 'push from a program; something adds an Origin header',
  },
  endpoint_not_found: {
    status: 404,
    title: 'there is no such endpoint',
    retryable: false,
    advice: 'the path is /metrics/job/<JOB>{/<LABEL>/<VALUE>}; look at the base URL',
  },
  method_not_allowed: {
    status: 405,
    title: 'the method is not allowed on this path',
    retryable: false,
    advice: 'push with POST or PUT, delete with DELETE',
  },
  target_invalid: {
    status: 400,
    title: 'the path is not an unambiguous grouping key',
    retryable: false,
    advice: 'write what is not plain as job@base64/VALUE or LABEL@base64/VALUE',
  },
  permission_missing: {
    status: 403,
    title: 'the credential may not do this',
    retryable: false,
    advice: 'ask for the permission; push, delete and read are separate',
  },
  job_not_allowed: {
    status: 403,
    title: 'the credential may not use this job',
    retryable: false,
    advice: 'use a job of the team, or ask for this one; a "+" in a path is not a space',
  },
  label_not_allowed: {
    status: 403,
    title: 'a label has a value that is not allowed',
    retryable: false,
    advice: 'give the label a value that the team may use',
  },
  label_required: {
    status: 403,
    title: 'the grouping key lacks a required label',
    retryable: false,
    advice: 'add the label to the path: /metrics/job/JOB/LABEL/VALUE',
  },
  body_too_large: {
    status: 413,
    title: 'the body is too large',
    retryable: false,
    advice: 'push fewer series at once, or compress with gzip',
  },
  decoded_too_large: {
    status: 413,
    title: 'the body is too large after decompression',
    retryable: false,
    advice: 'push fewer series at once',
  },
  too_many_series: {
    status: 413,
    title: 'the push has too many series',
    retryable: false,
    advice: 'drop the label that makes them many, often an id',
  },
  encoding_not_supported: {
    status: 415,
    title: 'the encoding of the body is not supported',
    retryable: false,
    advice: 'send text or protobuf, plain or once compressed with gzip',
  },
  body_invalid: {
    status: 400,
    title: 'the body is not a valid push',
    retryable: false,
    advice: 'correct the line that the detail names; try it with pushwarden lint',
  },
  metric_not_allowed: {
    status: 403,
    title: 'a metric name is not allowed',
    retryable: false,
    advice: 'rename the metric: the name is denied, or it is of another team',
  },
  inconsistent: {
    status: 400,
    title: 'the push contradicts metrics that are stored already',
    retryable: false,
    advice: 'do what the detail says: the stored type, other labels, or another name',
  },
  group_quota_exceeded: {
    status: 403,
    title: 'the team has as many groups as it may have',
    retryable: false,
    advice: 'delete groups that are done, or ask for more room',
  },
  series_quota_exceeded: {
    status: 403,
    title: 'the team has as many series as it may have',
    retryable: false,
    advice: 'push fewer series, or delete groups that are done',
  },
  bytes_quota_exceeded: {
    status: 403,
    title: 'the team has as many bytes stored as it may have',
    retryable: false,
    advice: 'push fewer labels, or delete groups that are done',
  },
  rate_limited: {
    status: 429,
    title: 'the team pushes too often',
    retryable: true,
    advice: 'push at the end of a job, not on every change',
  },
  too_many_concurrent: {
    status: 429,
    title: 'the team has too many pushes under way',
    retryable: true,
    advice: 'spread jobs that start in the same minute',
  },
  body_timeout: {
    status: 408,
    title: 'the request did not arrive in time',
    retryable: false,
    advice: 'compute first and push then; look at the network',
  },
  overloaded: {
    status: 503,
    title: 'the gateway is overloaded',
    retryable: true,
    advice: 'push again after a moment; nothing was stored',
  },
  state_unavailable: {
    status: 503,
    title: 'the state that the gateways share cannot be reached',
    retryable: true,
    advice: 'push again after a moment; nothing was stored',
  },
  draining: {
    status: 503,
    title: 'the gateway is shutting down',
    retryable: true,
    advice: 'push again after a moment; nothing was stored',
  },
  audit_unavailable: {
    status: 503,
    title: 'the audit log cannot be written, so nothing was pushed',
    retryable: true,
    advice: 'push again later; the operator must look at the audit log',
  },
  issuer_unavailable: {
    status: 503,
    title: 'the keys of the token issuer are not available',
    retryable: true,
    advice: 'push again later; the operator must look at the token issuer',
  },
  upstream_unreachable: {
    status: 502,
    title: 'Pushgateway cannot be reached',
    retryable: false,
    advice: 'push again later; nothing can be stored while Pushgateway is away',
  },
  upstream_invalid: {
    status: 502,
    title: 'Pushgateway gave an answer that cannot be trusted',
    retryable: false,
    advice: 'push again later; whether the push was stored is not known',
  },
  upstream_timeout: {
    status: 504,
    title: 'Pushgateway did not answer in time; whether it stored the push is unknown',
    retryable: false,
    advice: 'send a PUT again; whether the push was stored is not known',
  },
  upstream_rejected: {
    status: 400,
    title: 'Pushgateway refused the push',
    retryable: false,
    advice: 'ask the operator: what others pushed past the gateway may be in the way',
  },
  internal_error: {
    status: 500,
    title: 'the gateway failed',
    retryable: false,
    advice: 'push again; if it stays, ask the operator with the request id',
  },
} as const satisfies Record<string, ReasonRow>;

/** The stable word for why a request was refused. */
export type Reason = keyof typeof REASONS;

/** Every reason, in the order of the table. */
export const REASON_NAMES = Object.keys(REASONS) as readonly Reason[]; // keys of a const object
