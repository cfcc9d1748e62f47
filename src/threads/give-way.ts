import { readlinkSync } from 'node:fs';
import { setPriority } from 'node:os';

/** Niceness: a quarter of a core that requests want too, and all of one that nobody else does. */
const GIVES_WAY = 5;

/** Lets other threads go first: what one caller asks for must not make the requests of others wait. */
export function giveWay(): void {
  // Elsewhere a priority is that of a whole process.
  if (process.platform !== 'linux') return;
  try {
    const [, thread] = readlinkSync('/proc/thread-self').split('/task/');
    setPriority(Number(thread), GIVES_WAY);
  } catch {
    // A sandbox may forbid it, or have no /proc: the thread then counts as much as requests.
  }
}
