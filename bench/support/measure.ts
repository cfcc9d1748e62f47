import type { Contender } from './contender.ts';
import { readProcessCost } from './process-cost.ts';
import { percentile } from './statistics.ts';
import { type Load, type LoadResult, push } from './wrk.ts';

/** A load, and what it cost the process between client and Pushgateway. */
export interface Measurement extends LoadResult {
  /** Microseconds. */
  readonly cpuPerPush: number;
  readonly residentBytes: number;
}

/** Pushes through a contender for some time and reads what that cost it. */
export async function measure(
  contender: Contender,
  load: Load,
  writeScript: (lua: string) => Promise<string>,
): Promise<Measurement> {
  const before = readProcessCost(contender.pid);
  const result = await push(load, writeScript);
  const after = readProcessCost(contender.pid);
  return {
    ...result,
    cpuPerPush: (after.cpuMicroseconds - before.cpuMicroseconds) / result.pushes,
    residentBytes: after.residentBytes,
  };
}

/** The median of what `pick` takes from the rows; NaN of none. */
export function median<Row>(rows: readonly Row[], pick: (row: Row) => number): number {
  return percentile(rows.map(pick), 0.5);
}
