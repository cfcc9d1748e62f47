/** Stable codes of surprises; a refusal is a `Deny`, not an error. */
export type GatewayErrorCode =
  | 'ERR_CONFIG_INVALID'
  | 'ERR_SECRET_UNREADABLE'
  | 'ERR_AUDIT_UNAVAILABLE'
  | 'ERR_AUDIT_BROKEN'
  | 'ERR_SPOOL_UNAVAILABLE'
  | 'ERR_STATE_UNAVAILABLE'
  | 'ERR_JWKS_INVALID'
  | 'ERR_JWKS_UNREACHABLE'
  | 'ERR_UPSTREAM_START'
  | 'ERR_LISTEN';

/** A surprise with a stable `code` and, where there is one, its `cause`. */
export class GatewayError extends Error {
  readonly code: GatewayErrorCode;

  constructor(code: GatewayErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'GatewayError';
    this.code = code;
  }
}

/** What went wrong, in the words of whatever was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
