import type { KeyObject } from 'node:crypto';
import type { ChainHead } from '../../core/audit/audit-chain.ts';
import { type FileSystem, withFile } from '../../disk/file-system.ts';
import { type ByteRange, cutIntoRanges, type Line, readLines } from '../../disk/line-reader.ts';
import { fingerprint } from '../checkpoint.ts';
import { ChainJoin, type ChainReport } from './chain-join.ts';
import { type ChainCheckOptions, type ChainRun, checkRun } from './chain-run.ts';

/** Bytes that are checked in one go. */
const PART_BYTES = 4 * 1024 * 1024;

export interface VerifyOptions {
  /** Public keys that may have signed; with none, signatures are not looked at. */
  readonly keys: readonly KeyObject[];
  /** Places of the chain that are known from elsewhere. */
  readonly anchors: readonly ChainHead[];
}

/** Part of a segment, from one line to another. */
export interface SegmentPart extends ByteRange {
  readonly file: string;
}

/** Checks parts on their own, here or in other threads; answers in the order of the parts. */
export type PartChecker = (
  parts: readonly SegmentPart[],
  options: ChainCheckOptions,
) => AsyncIterable<ChainRun>;

/**
 * Checks the chain over the segments of one audit log, given in any order, in constant memory.
 * Files without a line are passed over; what the file system throws is thrown.
 */
export async function verifyAuditLog(
  fs: FileSystem,
  files: readonly string[],
  { keys, anchors }: VerifyOptions,
  checker: PartChecker = (parts, options) => checkParts(fs, parts, options),
  partBytes = PART_BYTES,
): Promise<ChainReport> {
  const options = { keys: new Map(keys.map((key) => [fingerprint(key), key])), anchors };
  const parts = sortSegments(fs, files).flatMap((file) => cutIntoParts(fs, file, partBytes));
  const chain = new ChainJoin(options);
  const unread = parts.values();
  for await (const run of checker(parts, options)) {
    const { value: part } = unread.next();
    if (part === undefined || !chain.join(part.file, run)) break;
  }
  return chain.end();
}

/** Checks one part on its own. */
export function checkPart(fs: FileSystem, part: SegmentPart, options: ChainCheckOptions): ChainRun {
  return withFile(fs, part.file, (fd) => checkRun(readLines(fs, fd, part), options));
}

/** Checks parts one after the other in this thread. */
export async function* checkParts(
  fs: FileSystem,
  parts: readonly SegmentPart[],
  options: ChainCheckOptions,
): AsyncGenerator<ChainRun> {
  for (const part of parts) yield checkPart(fs, part, options);
}

function cutIntoParts(fs: FileSystem, file: string, bytes: number): readonly SegmentPart[] {
  return withFile(fs, file, (fd) =>
    cutIntoRanges(fs, fd, bytes).map((range) => ({ file, ...range })),
  );
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
