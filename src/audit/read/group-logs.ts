import { basename } from 'node:path';
import { isUnknownLogName } from '../../core/audit/audit-file-names.ts';
import { readSegmentLines } from './segment-lines.ts';

/** The segments of one chain. */
export interface LogFiles {
  /** The gateway that wrote it; undefined for one that is alone. */
  readonly gateway: string | undefined;
  /** Whether it is the log of unknown callers. */
  readonly isUnknown: boolean;
  /** In the order of their first records; a file without one comes last. */
  readonly files: readonly string[];
}

/** A text within JSON has no quote that is not escaped: nobody but the gateway writes this. */
const GATEWAY = /"gateway":"([^"\\]*)"/;

/**
 * Groups segments by the gateway that wrote them, whatever their names, and the log of unknown
 * callers apart from what teams did: each has a chain of its own. In the order of gateways, the log
 * of what teams did first. Rejects when a file cannot be read.
 */
export async function groupLogs(files: readonly string[]): Promise<readonly LogFiles[]> {
  const found = await Promise.all(
    files.map(async (file) => {
      const isUnknown = isUnknownLogName(basename(file));
      return { file, isUnknown, ...(await readBeginning(file)) };
    }),
  );
  const segments = found.toSorted((one, other) => one.seq - other.seq);
  const groups = Map.groupBy(segments, ({ gateway = '', isUnknown }) => `${gateway} ${isUnknown}`);
  return [...groups.keys()].toSorted().flatMap((name) => {
    const [first, ...others] = groups.get(name) ?? [];
    if (first === undefined) return [];
    const { gateway, isUnknown } = first;
    return [{ gateway, isUnknown, files: [first, ...others].map(({ file }) => file) }];
  });
}

/** Who wrote a segment, by its first line, and the number of its first record. */
async function readBeginning(file: string) {
  let gateway: string | undefined;
  let isFirst = true;
  for await (const lines of readSegmentLines(file)) {
    for (const line of lines) {
      if (isFirst) gateway = GATEWAY.exec(line)?.[1];
      isFirst = false;
      const seq = /^\{"seq":(\d+),/.exec(line)?.[1];
      if (seq !== undefined) return { gateway, seq: Number(seq) };
    }
  }
  return { gateway, seq: Number.MAX_SAFE_INTEGER };
}
