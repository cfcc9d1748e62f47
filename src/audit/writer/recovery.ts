import { type ChainHead, findGap, GENESIS, readRecord } from '../../core/audit/audit-chain.ts';
import { OpenOutcomes } from '../../core/audit/open-outcomes.ts';
import { GatewayError } from '../../core/errors.ts';
import { type FileSystem, withFile } from '../../disk/file-system.ts';
import { type Line, readLines } from '../../disk/line-reader.ts';
import type { SignatureCheck } from '../checkpoint.ts';
import { listSegments } from '../segments.ts';
import { SignedEndWatch } from './signed-end-watch.ts';

/** Bytes of newest segments that are read after a crash to find decisions without an outcome. */
const SCANNED_BYTES = 64 * 1024 * 1024;
/** Bytes at the end of the newest segment in which a clean stop is looked for. */
const TAIL_BYTES = 64 * 1024;
/** How every line of an audit log begins. */
const LINE_START = '{"seq":';

/** What an audit log was found to be at a start. */
export interface Recovery {
  readonly head: ChainHead;
  /** First sequence number in the file being written; undefined when a new one has to begin. */
  readonly firstSeq: number | undefined;
  /** When that record was written, milliseconds since the epoch. */
  readonly begunAt: number;
  /** Bytes of an unfinished last line in the file being written. */
  readonly tornBytes: number;
  /** Request ids of allowed pushes and deletes without an outcome. */
  readonly unknownOutcomes: readonly string[];
  /** The first line that does not belong where it stands. */
  readonly damage: string | undefined;
  /** Whether the head is the end that this gateway's key signed when it stopped. */
  readonly isSignedEnd: boolean;
  /**
   * First sequence number of a file that nothing may be added to, for what stands behind the signed
   * end in it: it becomes a closed segment, and the chain goes on from the signed end.
   */
  readonly tainted?: number;
}

/**
 * Reads the end of an audit log to go on with it; changes nothing. After a clean stop that is the
 * last few records, else the newest segments in full. Throws ERR_AUDIT_BROKEN when the file is
 * something else than an audit log.
 * @param isOwn left out where nothing is signed
 */
export function recoverAuditLog(fs: FileSystem, file: string, isOwn?: SignatureCheck): Recovery {
  const paths = listSegments(fs, file).filter((path) => sizeOf(fs, path) > 0);
  const newest = paths.at(-1);
  if (newest === undefined)
    return { ...NOTHING_LOST, head: GENESIS, firstSeq: undefined, begunAt: 0 };
  const stopped = findCleanStop(fs, newest, isOwn);
  const watch = stopped === undefined ? watchSignedEnd(fs, paths, isOwn) : undefined;
  if (watch !== undefined) {
    const behind = watch.found;
    if (behind !== undefined) {
      const tainted = newest === file ? (readFirst(fs, file).seq ?? 1) : undefined;
      return {
        ...NOTHING_LOST,
        ...behind,
        firstSeq: undefined,
        begunAt: 0,
        ...(tainted !== undefined && { tainted }),
      };
    }
  }
  const found =
    stopped === undefined
      ? { ...scan(fs, file, paths), isSignedEnd: watch?.end !== undefined }
      : { ...NOTHING_LOST, head: stopped, isSignedEnd: isOwn !== undefined };
  if (newest !== file) return { ...found, firstSeq: undefined, begunAt: 0 };
  const { seq = found.head.seq + 1, begunAt } = readFirst(fs, file);
  return { ...found, firstSeq: seq, begunAt };
}

const NOTHING_LOST = {
  tornBytes: 0,
  unknownOutcomes: [],
  damage: undefined,
  isSignedEnd: false,
} as const;

/** Undefined where nothing is signed. What has no end is no line yet: nobody signs over it. */
function watchSignedEnd(
  fs: FileSystem,
  paths: readonly string[],
  isOwn: SignatureCheck | undefined,
): SignedEndWatch | undefined {
  if (isOwn === undefined) return undefined;
  const watch = new SignedEndWatch(isOwn);
  for (const path of selectNewest(fs, paths)) {
    withFile(fs, path, (fd) => {
      for (const line of readLines(fs, fd)) if (line.complete) watch.follow(path, line);
    });
  }
  return watch;
}

function findCleanStop(
  fs: FileSystem,
  path: string,
  isOwn: SignatureCheck | undefined,
): ChainHead | undefined {
  const tail = readTail(fs, path);
  if (!tail.endsWith('\n')) return undefined;
  let head: ChainHead | undefined;
  let isSigned = false;
  for (const line of tail.slice(0, -1).split('\n').reverse()) {
    const record = readRecord(line);
    if ('problem' in record) return undefined;
    head ??= { seq: record.seq, hash: record.hash };
    if (record.event === 'stop') return isOwn === undefined || isSigned ? head : undefined;
    if (record.event !== 'checkpoint') return undefined;
    isSigned ||= isOwn?.(record.members) === true;
  }
  return undefined;
}

function scan(
  fs: FileSystem,
  file: string,
  paths: readonly string[],
): Omit<Recovery, 'firstSeq' | 'begunAt'> {
  const open = new OpenOutcomes();
  let head: ChainHead | undefined;
  let damage: string | undefined;
  let tornBytes = 0;
  const follow = (path: string, line: Line): void => {
    if (!line.complete && path === file) {
      tornBytes = line.bytes;
      return;
    }
    const record = readRecord(line.text);
    const problem = 'problem' in record ? record.problem : head && findGap(record, head);
    if (problem !== undefined) damage ??= `${path}:${line.number}: ${problem}`;
    if ('problem' in record) return;
    head = { seq: record.seq, hash: record.hash };
    open.follow({ ...record.members, event: record.event });
  };
  for (const path of selectNewest(fs, paths)) {
    withFile(fs, path, (fd) => {
      for (const line of readLines(fs, fd)) follow(path, line);
    });
  }
  if (head === undefined) assertFirstLineTorn(fs, file, damage);
  return {
    head: head ?? GENESIS,
    tornBytes,
    unknownOutcomes: open.ids,
    damage,
    isSignedEnd: false,
  };
}

/** From the newest back until enough is read: an outcome is never far from its decision. */
function selectNewest(fs: FileSystem, paths: readonly string[]): readonly string[] {
  const selected: string[] = [];
  let bytes = 0;
  for (const path of [...paths].reverse()) {
    if (bytes >= SCANNED_BYTES) break;
    selected.unshift(path);
    bytes += sizeOf(fs, path);
  }
  return selected;
}

function assertFirstLineTorn(fs: FileSystem, file: string, damage: string | undefined): void {
  const first = damage === undefined ? readFirstLine(fs, file)?.text : undefined;
  if (first !== undefined && LINE_START.startsWith(first.slice(0, LINE_START.length))) return;
  const found = damage ?? `${file}:1: the line is not a record`;
  throw new GatewayError(
    'ERR_AUDIT_BROKEN',
    `${found}; ${file} is not an audit log: move it away or name another file`,
  );
}

function readFirst(fs: FileSystem, path: string): { seq?: number; begunAt: number } {
  const record = readRecord(readFirstLine(fs, path)?.text ?? '');
  const begunAt = 'problem' in record ? 0 : Date.parse(record.time);
  return { ...(record.seq !== undefined && { seq: record.seq }), begunAt };
}

function readFirstLine(fs: FileSystem, path: string): Line | undefined {
  return withFile(fs, path, (fd) => readLines(fs, fd).next().value ?? undefined);
}

function readTail(fs: FileSystem, path: string): string {
  return withFile(fs, path, (fd) => {
    const bytes = Buffer.allocUnsafe(TAIL_BYTES);
    const position = Math.max(0, fs.status(fd).bytes - TAIL_BYTES);
    return bytes.toString('latin1', 0, fs.read(fd, bytes, position));
  });
}

function sizeOf(fs: FileSystem, path: string): number {
  return fs.statusAt(path)?.bytes ?? 0;
}
