import { writeFileSync } from 'node:fs';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import process from 'node:process';
import { isMainThread } from 'node:worker_threads';

/**
 * Loaded into the gateway before it starts: at each SIGUSR2 it writes how long the event loop kept
 * others waiting since the last.
 */
const { PUSHWARDEN_TURNS: file } = process.env;

if (isMainThread && file !== undefined) {
  const delays = monitorEventLoopDelay({ resolution: 1 });
  delays.enable();
  let before = cpuMs();
  let longest = 0;
  setInterval(() => {
    const now = cpuMs();
    longest = Math.max(longest, now - before);
    before = now;
  }, 1).unref();
  process.on('SIGUSR2', () => {
    writeFileSync(file, JSON.stringify({ stallMs: delays.max / 1e6, turnCpuMs: longest }));
    delays.reset();
    longest = 0;
  });
}

/** What this thread has used of a processor. */
function cpuMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}
