import { randomFillSync } from 'node:crypto';
import type { Clock } from '../pipeline/ports.ts';

/** Random bytes fetched at once: each fetch is a system call. */
const POOL_BYTES = 4096;
const DIGITS = Buffer.from('0123456789ABCDEFGHJKMNPQRSTVWXYZ');
const BASE = DIGITS.length;
const TIME_DIGITS = 10;
const ID_DIGITS = 26;

/**
 * Makes request ids: ULIDs, which sort by time. Those of one millisecond, and of a clock that was set
 * back, count on from the one before.
 * @see https://github.com/ulid/spec
 */
export function createRequestIds(clock: Pick<Clock, 'now'>): () => string {
  const randomDigit = createRandomDigits();
  const digits = new Uint8Array(ID_DIGITS);
  const id = Buffer.alloc(ID_DIGITS);
  let madeAt = -1;

  const set = (at: number, digit: number): void => {
    digits[at] = digit;
    id[at] = DIGITS[digit] ?? 0;
  };
  const begin = (now: number): void => {
    madeAt = now;
    let rest = now;
    for (let at = TIME_DIGITS - 1; at >= 0; at -= 1) {
      set(at, rest % BASE);
      rest = Math.floor(rest / BASE);
    }
    // Half of the first one's values are left: what follows has room to count on.
    set(TIME_DIGITS, randomDigit() % (BASE / 2));
    for (let at = TIME_DIGITS + 1; at < ID_DIGITS; at += 1) set(at, randomDigit());
  };
  const countOn = (): void => {
    let at = ID_DIGITS - 1;
    for (; digits[at] === BASE - 1; at -= 1) set(at, 0);
    set(at, (digits[at] ?? 0) + 1);
  };
  return () => {
    const now = clock.now();
    if (now > madeAt) begin(now);
    else countOn();
    return id.toString('latin1');
  };
}

function createRandomDigits(): () => number {
  const pool = new Uint8Array(POOL_BYTES);
  let used = POOL_BYTES;
  return () => {
    if (used === POOL_BYTES) {
      randomFillSync(pool);
      used = 0;
    }
    const byte = pool[used] ?? 0;
    used += 1;
    return byte % BASE;
  };
}
