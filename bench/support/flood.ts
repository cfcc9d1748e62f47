import { setTimeout as wait } from 'node:timers/promises';

/** Requests that are sent again and again. */
export interface Flood {
  /** How many have been answered so far. */
  count(): number;
  /** Sends no more, and waits for the last answers. */
  end(): Promise<void>;
}

interface FloodOptions {
  /** Sent at once. */
  readonly parallel: number;
  /** Milliseconds between an answer and the next request. */
  readonly pauseMs: number;
}

/**
 * Starts one.
 * @param send - sends a request and waits for its answer; `id` is another for each
 */
export function startFlood(
  send: (id: string) => Promise<unknown>,
  { parallel, pauseMs }: FloodOptions,
): Flood {
  let isOver = false;
  let answered = 0;
  const loops = Array.from({ length: parallel }, async (_, index) => {
    for (let attempt = 0; !isOver; attempt += 1, answered += 1) {
      await send(`${index}.${attempt}`);
      await wait(pauseMs);
    }
  });
  return {
    count: () => answered,
    async end() {
      isOver = true;
      await Promise.all(loops);
    },
  };
}
