import type { ChainProblem } from '../core/audit-chain.ts';
import { ChainCheck, type ChainCheckOptions } from './chain-check.ts';
import { type FileSystem, withFile } from './file-system.ts';
import { type Line, readLines } from './line-reader.ts';

/** A line of a file, counted from 1. */
export interface LinePlace {
  readonly file: string;
  readonly line: number;
}

export interface VerifyReport extends Pick<ChainCheck, 'records' | 'start' | 'head' | 'signed'> {
  /** Where the log is not what the gateway wrote. */
  readonly firstBreak: (LinePlace & ChainProblem) | undefined;
  /** An unfinished last line, as a crash leaves it. */
  readonly torn: LinePlace | undefined;
}

/**
 * Checks the chain over the segments of one audit log, given in any order, in constant memory.
 * Files without a line are passed over; what the file system throws is thrown.
 */
export function verifyAuditLog(
  fs: FileSystem,
  files: readonly string[],
  options: ChainCheckOptions,
): VerifyReport {
  const chain = new ChainCheck(options);
  let place: LinePlace = { file: files[0] ?? '', line: 1 };
  let torn: LinePlace | undefined;
  const follow = (line: Line): ChainProblem | undefined => {
    if (torn !== undefined) return { problem: 'a torn line has a line after it' };
    if (line.complete) return chain.accept(line.text);
    torn = place;
    return options.anchors.length > 0 ? { problem: 'the last line is torn' } : undefined;
  };
  for (const file of sortSegments(fs, files)) {
    const problem = withFile(fs, file, (fd) => {
      for (const line of readLines(fs, fd)) {
        place = { file, line: line.number };
        const found = follow(line);
        if (found !== undefined) return found;
      }
      return undefined;
    });
    if (problem !== undefined)
      return { ...summarize(chain), firstBreak: { ...place, ...problem }, torn };
  }
  const problem = chain.end();
  return { ...summarize(chain), firstBreak: problem && { ...place, ...problem }, torn };
}

function summarize({ records, start, head, signed }: ChainCheck) {
  return { records, start, head, signed };
}

/** By the first sequence number that can be read in each. */
function sortSegments(fs: FileSystem, files: readonly string[]): readonly string[] {
  return files
    .map((file) => ({ file, seq: withFile(fs, file, (fd) => findFirstSeq(readLines(fs, fd))) }))
    .sort((one, other) => one.seq - other.seq)
    .map(({ file }) => file);
}

function findFirstSeq(lines: Iterable<Line>): number {
  for (const { text } of lines) {
    const seq = /^\{"seq":(\d+),/.exec(text)?.[1];
    if (seq !== undefined) return Number(seq);
  }
  return Number.MAX_SAFE_INTEGER;
}
