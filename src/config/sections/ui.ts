import { z } from 'zod';
import { parseDuration } from '../../core/units.ts';
import { duration } from '../engine/values.ts';

/** `ui`: the page for people. */
export const ui = z
  .union([
    z.literal('off'),
    z.strictObject({
      session: duration.default('8h').describe('how long a sign-in lasts'),
      url: z
        .url({ protocol: /^https?$/, error: 'must be a URL such as https://push.example.com' })
        .refine((text) => !/[?#]|\/\/[^/]*@/.test(text), 'must have no credential and no query')
        .optional()
        .describe('address of the public side as browsers see it, its path prefix included'),
      contact: z
        .string()
        .min(1)
        .max(300)
        .regex(/^[^\p{C}\p{Zl}\p{Zp}]*$/u, 'must be one line')
        .optional()
        .describe('whom to ask: on the page, and the last line of refusals'),
    }),
  ])
  .prefault({})
  .describe('the page for people; off: there is none');

/** The page for people. */
export interface UiConfig {
  readonly sessionMs: number;
  /** Without a slash at the end; undefined: by the request. */
  readonly url: string | undefined;
  readonly contact: string | undefined;
}

/** @returns undefined when there is no page */
export function resolveUi(raw: z.output<typeof ui>): UiConfig | undefined {
  if (raw === 'off') return undefined;
  const { session, url, contact } = raw;
  return { sessionMs: parseDuration(session), url: url?.replace(/\/+$/, ''), contact };
}
