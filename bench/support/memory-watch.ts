import { readFile } from 'node:fs/promises';
import { percentile } from './statistics.ts';

/** Whether a process takes ever more memory. */
export interface MemoryWatch {
  /** Looks once. @param heapBytes - what its heap holds now, garbage included */
  look(pid: number, heapBytes: number): Promise<void>;
  /**
   * What the heap holds at least and the process has resident, in the second and in the last third of
   * the time: in the first one it has not grown to its size.
   */
  judge(): MemoryVerdict;
}

interface MemoryVerdict {
  readonly heapMib: readonly [before: number, after: number];
  readonly residentMib: readonly [before: number, after: number];
  readonly isFlat: boolean;
}

interface Sample {
  readonly heap: number;
  readonly resident: number;
}

/** Of what a collection leaves, and of what a process that collects late keeps resident. */
const HEAP_GROWTH_MIB = 6;
const RESIDENT_GROWTH_MIB = 32;
const MIB = 1024 ** 2;

export function createMemoryWatch(): MemoryWatch {
  let samples: Sample[] = [];
  let watched: number | undefined;
  return {
    async look(pid, heapBytes) {
      if (pid !== watched) samples = [];
      watched = pid;
      samples.push({ heap: heapBytes / MIB, resident: await readResident(pid) });
    },
    judge() {
      const third = Math.floor(samples.length / 3);
      const parts = [samples.slice(third, 2 * third), samples.slice(2 * third)] as const;
      // a low one: right after a collection
      const heapMib = compare(parts, ({ heap }) => heap, 0.02);
      const residentMib = compare(parts, ({ resident }) => resident, 0.5);
      const isFlat =
        heapMib[1] - heapMib[0] <= HEAP_GROWTH_MIB &&
        residentMib[1] - residentMib[0] <= RESIDENT_GROWTH_MIB;
      return { heapMib, residentMib, isFlat };
    },
  };
}

function compare(
  [before, after]: readonly [readonly Sample[], readonly Sample[]],
  pick: (sample: Sample) => number,
  share: number,
): readonly [number, number] {
  const read = (samples: readonly Sample[]): number =>
    Math.round(percentile(samples.map(pick), share) * 10) / 10;
  return [read(before), read(after)];
}

async function readResident(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  const [, kib] = /VmRSS:\s+(\d+)/.exec(status) ?? [];
  return Number(kib) / 1024;
}
