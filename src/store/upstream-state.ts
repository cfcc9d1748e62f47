import { type Deny, deny } from '../core/decision.ts';

/** What is known of the upstream. */
export type UpstreamState = 'unknown' | 'away' | 'no_pushgateway' | 'unread' | 'read';

export const NO_PUSHGATEWAY = {
  why: 'what answers at upstream.url is no Pushgateway: GET /api/v1/status says nothing of one',
};

/** Why a push cannot be held against what the upstream holds. */
export function denyUnknown(state: UpstreamState): Deny {
  switch (state) {
    case 'no_pushgateway':
      return deny('upstream_invalid', {
        internal: NO_PUSHGATEWAY.why,
        detail: 'what answers is no Pushgateway; nothing was sent to it',
        hints: ['push again later; the operator must look at the upstream'],
      });
    case 'away':
      return deny('upstream_unreachable', { internal: 'it was not seen yet' });
    default:
      return deny('overloaded', 'what Pushgateway holds is being read');
  }
}
