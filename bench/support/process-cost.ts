import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';

/** What a process and its children have used since they began. */
export interface ProcessCost {
  /** User and system time, microseconds. */
  readonly cpuMicroseconds: number;
  /** Resident memory now, bytes. */
  readonly residentBytes: number;
}

const TICKS_PER_SECOND = Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }));
const PAGE_BYTES = Number(execFileSync('getconf', ['PAGESIZE'], { encoding: 'utf8' }));

/** Reads what a process and its living children cost. Linux only. */
export function readProcessCost(pid: number): ProcessCost {
  const own = readOne(pid);
  const children = listChildren(pid).map(readProcessCost);
  return children.reduce(
    (sum, child) => ({
      cpuMicroseconds: sum.cpuMicroseconds + child.cpuMicroseconds,
      residentBytes: sum.residentBytes + child.residentBytes,
    }),
    own,
  );
}

/** @see proc(5), `/proc/pid/stat` */
function readOne(pid: number): ProcessCost {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ') ?? [];
  const ticks = Number(fields[11]) + Number(fields[12]);
  return {
    cpuMicroseconds: (ticks / TICKS_PER_SECOND) * 1e6,
    residentBytes: Number(fields[21]) * PAGE_BYTES,
  };
}

function listChildren(pid: number): readonly number[] {
  return readdirSync(`/proc/${pid}/task`).flatMap((task) =>
    readFileSync(`/proc/${pid}/task/${task}/children`, 'utf8')
      .split(' ')
      .filter((child) => child !== '')
      .map(Number),
  );
}
