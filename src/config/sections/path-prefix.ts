import { matching } from '../engine/values.ts';

/** First segments of the public side's own paths: a prefix like one would hide what is behind it. */
const OWN_PATHS = ['metrics', 'api', '-', 'ui'];

/** `path_prefix`. */
export const pathPrefix = matching(
  /^(?:(?:\/(?!\.{1,2}(?:\/|$))[A-Za-z0-9_.~-]+)+)?$/,
  'must be a path such as /pushgateway, without a slash at the end',
)
  .refine((text) => !OWN_PATHS.includes(text.split('/')[1] ?? ''), {
    error: `must not begin with /${OWN_PATHS.join(', /')}: these are paths of the gateway itself`,
  })
  .default('')
  .describe('also taken in front of every public path');
