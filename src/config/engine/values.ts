import { z } from 'zod';
import { NAME_PATTERN, NAME_WORDS } from '../../core/configured-name.ts';
import { DURATION_PATTERN, parseDuration, RATE_PATTERN, SIZE_PATTERN } from '../../core/units.ts';

/** `30s`, `5m`, `24h`, `7d`. */
export const duration = matching(DURATION_PATTERN, 'must be a duration such as 30s, 5m, 24h or 7d');

/** Node fires a timer of more than 2^31 ms at once. */
const MAX_TIMEOUT = '24h';

/** A duration that something waits for. */
export const timeout = duration.refine(
  (text) => parseDuration(text) <= parseDuration(MAX_TIMEOUT),
  `must be at most ${MAX_TIMEOUT}`,
);

const SIZE_WORDS = 'must be a size such as 64KiB or 1MiB, or a number of bytes';

/** `64KiB`, `1MiB`, or bytes. */
export const size = z.union(
  [z.int(SIZE_WORDS).positive(SIZE_WORDS), matching(SIZE_PATTERN, SIZE_WORDS)],
  SIZE_WORDS,
);

/** `10/s`, `600/m`. */
export const rate = matching(RATE_PATTERN, 'must be a rate such as 10/s or 600/m');

export const count = z.int('must be a whole number').positive('must be at least 1');

/** Of Basic: it ends at the first colon. */
export const username = matching(
  /^[^:\p{Cc}]{1,128}$/u,
  'must be 1 to 128 characters without colon and controls',
);

export const name = matching(NAME_PATTERN, NAME_WORDS);

export const labelName = matching(
  /^[a-zA-Z_][a-zA-Z0-9_]*$/,
  'must be a label name: A-Z a-z 0-9 _',
);

export const glob = z.string().min(1, 'must not be empty');

export const path = z.string().min(1, 'must be a path');

/** A secret is never in the file itself. */
export const secret = z.union(
  [
    z.strictObject({ file: path.describe('a file with nothing else in it') }),
    z.strictObject({ env: z.string().min(1).describe('an environment variable') }),
  ],
  'must be {file: PATH} or {env: NAME}',
);

/** `2027-01-01` is 00:00 UTC of that day. */
export const instant = z.union(
  [z.iso.date(), z.iso.datetime({ offset: true })],
  'must be a date such as 2027-01-01 or a time such as 2027-01-01T12:00:00Z',
);

/** Text of one form; anything else gets the one message. */
export function matching(pattern: RegExp, message: string) {
  return z.string(message).regex(pattern, { error: message, abort: true });
}

const GONE = z.registry<Record<never, never>>();

/**
 * A key that was one: to have it is an error that says what took its place. In the published schema
 * it is not.
 */
export function gone(instead: string) {
  return z
    .unknown()
    .refine((value) => value === undefined, `is a key no more: ${instead}`)
    .optional()
    .register(GONE, {});
}

/** Whether a schema is one that `gone` made. */
export function isGone(schema: z.core.$ZodType): boolean {
  return GONE.has(schema);
}
