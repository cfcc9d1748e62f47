import type { KeyObject } from 'node:crypto';
import type { ChainHead } from '../../core/audit/audit-chain.ts';
import { type FileSystem, withFile } from '../../disk/file-system.ts';
import { type ByteRange, cutIntoRanges, type Line, readLines } from '../../disk/line-reader.ts';
import { fingerprint } from '../checkpoint.ts';
import { readSegmentLines } from '../read/segment-lines.ts';
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
 * Segments may be compressed with gzip. Files without a line are passed over; what the file system throws is thrown.
 */
export async function verifyAuditLog(
  fs: FileSystem,
  files: readonly string[],
  { keys, anchors }: VerifyOptions,
  checker: PartChecker = (parts, options) => checkParts(fs, parts, options),
  partBytes = PART_BYTES,
): Promise<ChainReport> {
  const options = { keys: new Map(keys.map((key) => [fingerprint(key), key])), anchors };
  const chain = new ChainJoin(options);
  for (const stretch of await listStretches(fs, files)) {
    const isWhole =
      typeof stretch === 'string'
        ? await joinCompressed(chain, stretch, options)
        : await joinParts(
            chain,
            stretch.flatMap((file) => cutIntoParts(fs, file, partBytes)),
            checker,
            options,
          );
    if (!isWhole) break;
  }
  return chain.end();
}

/** Plain segments after one another, or a compressed one. */
type Stretch = readonly string[] | string;

async function joinParts(
  chain: ChainJoin,
  parts: readonly SegmentPart[],
  checker: PartChecker,
  options: ChainCheckOptions,
): Promise<boolean> {
  const unread = parts.values();
  for await (const run of checker(parts, options)) {
    const { value: part } = unread.next();
    if (part === undefined || !chain.join(part.file, run)) return false;
  }
  return true;
}

/** A compressed segment is read from its beginning, in this thread. */
async function joinCompressed(
  chain: ChainJoin,
  file: string,
  options: ChainCheckOptions,
): Promise<boolean> {
  for await (const texts of readSegmentLines(file)) {
    const lines = texts.map((text, index) => {
      return { number: index + 1, text, bytes: text.length + 1, complete: true };
    });
    if (lines.length > 0 && !chain.join(file, checkRun(lines, options))) return false;
  }
  return true;
}

async function listStretches(
  fs: FileSystem,
  files: readonly string[],
): Promise<readonly Stretch[]> {
  const stretches: (string[] | string)[] = [];
  for (const { file, compressed } of await sortSegments(fs, files)) {
    const last = stretches.at(-1);
    if (compressed) stretches.push(file);
    else if (Array.isArray(last)) last.push(file);
    else stretches.push([file]);
  }
  return stretches;
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
async function sortSegments(fs: FileSystem, files: readonly string[]) {
  const found = await Promise.all(
    files.map(async (file) => {
      const compressed = withFile(fs, file, (fd) => isGzip(fs, fd));
      const seq = compressed
        ? await findCompressedSeq(file)
        : withFile(fs, file, (fd) => findFirstSeq(readLines(fs, fd)));
      return { file, compressed, seq };
    }),
  );
  return found.sort((one, other) => one.seq - other.seq);
}

async function findCompressedSeq(file: string): Promise<number> {
  for await (const texts of readSegmentLines(file)) {
    const seq = findFirstSeq(texts.map((text) => ({ text })));
    if (seq !== Number.MAX_SAFE_INTEGER) return seq;
  }
  return Number.MAX_SAFE_INTEGER;
}

/** @see RFC 1952 section 2.3.1 */
function isGzip(fs: FileSystem, fd: number): boolean {
  const magic = Buffer.alloc(2);
  return fs.read(fd, magic, 0) === magic.length && magic.readUInt16BE() === 0x1f8b;
}

function findFirstSeq(lines: Iterable<Pick<Line, 'text'>>): number {
  for (const { text } of lines) {
    const seq = /^\{"seq":(\d+),/.exec(text)?.[1];
    if (seq !== undefined) return Number(seq);
  }
  return Number.MAX_SAFE_INTEGER;
}
