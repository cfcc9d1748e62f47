/** Exit statuses of every command. */
export const EXIT = {
  fine: 0,
  /** It failed at run time. */
  failed: 1,
  /** Wrong usage. */
  usage: 2,
  /** The check says no. */
  refused: 3,
} as const;

/** What the arguments or the environment lack or have wrong; ends in `EXIT.usage`. */
export class UsageError extends Error {}
