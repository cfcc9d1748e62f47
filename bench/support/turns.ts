import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Scratch } from '../../test/support/scratch.ts';

/** How long a gateway's event loop kept others waiting. */
export interface Turns {
  /** By the clock: what the machine gave to others in between is in it. */
  readonly stallMs: number;
  /** By the processor time of its thread, of which all between two turns is its own. */
  readonly turnCpuMs: number;
}

const WATCH = new URL('./watch-turns.ts', import.meta.url).href;

/** Watches the turns of a gateway that is started with `options` and `env`. */
export function createTurnWatch(scratch: Scratch) {
  const file = join(scratch.path, 'turns.json');
  return {
    /** For `NODE_OPTIONS`. */
    options: `--import ${WATCH}`,
    env: { PUSHWARDEN_TURNS: file },
    /** The longest since it was asked last. */
    async take(pid: number): Promise<Turns> {
      await rm(file, { force: true });
      process.kill(pid, 'SIGUSR2');
      for (let tries = 0; tries < 500; tries += 1) {
        await delay(10);
        const text = await readFile(file, 'utf8').catch(() => '');
        if (text.endsWith('}')) return JSON.parse(text);
      }
      throw new Error('the gateway does not say how long its turns are');
    },
  };
}
