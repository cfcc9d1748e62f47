import { type Deny, deny } from '../core/decision.ts';

/** Refuses a body that decodes to more than `maxBytes`. */
export function denyDecodedSize(maxBytes: number): Deny {
  return deny('decoded_too_large', {
    detail: `the body decodes to more than ${maxBytes} bytes`,
    hints: [
      'push fewer series at once; how far a body may shrink by compression is limited too',
      'an operator can raise limits.decoded and limits.ratio of the team',
    ],
  });
}
