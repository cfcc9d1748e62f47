import { type Deny, deny } from './decision.ts';
import { GatewayError } from './errors.ts';

/** How a request is refused that met a surprise: what is no fault of the gateway's own says so. */
export function denyFor(error: unknown): Deny {
  const isAway = error instanceof GatewayError && error.code === 'ERR_STATE_UNAVAILABLE';
  return deny(isAway ? 'state_unavailable' : 'internal_error', { internal: String(error) });
}
