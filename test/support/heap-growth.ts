import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** Bytes of the heap and of buffers that are in use after some work, and were not before. */
export function heapGrowth(work: () => void): number {
  const before = bytesInUse();
  work();
  return bytesInUse() - before;
}

function bytesInUse(): number {
  setFlagsFromString('--expose-gc');
  const gc: () => void = runInNewContext('gc'); // what the flag is there for
  gc();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}
