import { closeSync, fdatasyncSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { percentile } from './statistics.ts';

const SYNCS = 500;

/** Says how long a disk takes for a write and an `fdatasync` of about the size of a record. */
export function describeSync(folder: string): string {
  const fd = openSync(join(folder, 'raw'), 'a');
  const line = Buffer.alloc(400, 'x');
  const times = Array.from({ length: SYNCS }, () => {
    const before = performance.now();
    writeSync(fd, line);
    fdatasyncSync(fd);
    return performance.now() - before;
  });
  closeSync(fd);
  const [p50, p99] = [percentile(times, 0.5), percentile(times, 0.99)];
  return `write + fdatasync of 400 bytes: p50 ${p50.toFixed(2)} ms, p99 ${p99.toFixed(2)} ms`;
}
