import { basename, dirname, join } from 'node:path';
import {
  type Companion,
  isAuditFileName,
  isSegmentName,
  nameOfCompanion,
  nameSegment,
} from '../core/audit/audit-file-names.ts';
import { GatewayError } from '../core/errors.ts';
import { findForeignKind } from '../core/file-kind.ts';
import type { FileSystem } from '../disk/file-system.ts';

/**
 * Lists the files of an audit log, oldest first: the closed segments, named after their first
 * sequence number, then the one being written, each only where it exists.
 */
export function listSegments(fs: FileSystem, file: string): readonly string[] {
  const closed = listClosedSegments(fs, file);
  return fs.statusAt(file) === undefined ? closed : [...closed, file];
}

export interface Retention {
  /** Closed segments that stay. */
  readonly keep: number;
  /** Closed segments last written before it go; milliseconds since the epoch. */
  readonly oldestMs: number;
}

/** Removes the closed segments that are too many or too old. */
export function pruneSegments(fs: FileSystem, file: string, { keep, oldestMs }: Retention): void {
  const closed = listClosedSegments(fs, file);
  const isOld = (path: string): boolean => (fs.statusAt(path)?.modifiedMs ?? oldestMs) < oldestMs;
  const tooMany = closed.length - keep;
  for (const path of closed.filter((path, index) => index < tooMany || isOld(path))) {
    try {
      fs.remove(path);
    } catch {
      // it stays, and is tried again when the next segment begins
    }
  }
}

/** A name for the segment that begins with record `firstSeq`, not taken yet. */
export function nameClosedSegment(fs: FileSystem, file: string, firstSeq: number): string {
  return findFreeName(fs, join(dirname(file), nameSegment(basename(file), firstSeq)));
}

/** A name for a file that is in the way but is not ours, not taken yet. */
export function nameForeignFile(fs: FileSystem, file: string): string {
  return findFreeName(fs, join(dirname(file), `foreign-${basename(file)}`));
}

/** The path of the lock of a log, or of the space kept for a full disk. */
export function nameCompanion(file: string, companion: Companion): string {
  return join(dirname(file), nameOfCompanion(basename(file), companion));
}

/**
 * Throws ERR_AUDIT_BROKEN when anything but a regular file stands where the gateway writes, renames
 * or removes one for this log.
 */
export function assertRegularFiles(fs: FileSystem, file: string): void {
  for (const path of listOwnFiles(fs, file)) {
    const found = fs.statusAt(path);
    const problem = found && findForeignKind(path, found.kind);
    if (problem !== undefined) throw new GatewayError('ERR_AUDIT_BROKEN', problem);
  }
}

/** A file that others than its owner could read or write. */
export interface ExposedFile {
  readonly file: string;
  /** False when it belongs to another user: only that one can take the rights away. */
  readonly isMended: boolean;
}

/**
 * Takes the rights of others from every file of a log, which they may have come to have by a copy
 * or a restored backup.
 */
export function makeFilesPrivate(fs: FileSystem, file: string): readonly ExposedFile[] {
  return listOwnFiles(fs, file)
    .filter((path) => fs.statusAt(path)?.isExposed === true)
    .map((path) => ({ file: path, isMended: makeFilePrivate(fs, path) }));
}

function makeFilePrivate(fs: FileSystem, path: string): boolean {
  try {
    const fd = fs.open(path, 'r+');
    try {
      fs.makePrivate(fd);
    } finally {
      fs.close(fd);
    }
    return true;
  } catch {
    return false;
  }
}

function listOwnFiles(fs: FileSystem, file: string): readonly string[] {
  const directory = dirname(file);
  return fs
    .list(directory)
    .filter((name) => isAuditFileName(basename(file), name))
    .map((name) => join(directory, name));
}

function findFreeName(fs: FileSystem, name: string): string {
  let free = name;
  for (let copy = 1; fs.statusAt(free) !== undefined; copy += 1) free = `${name}.${copy}`;
  return free;
}

function listClosedSegments(fs: FileSystem, file: string): readonly string[] {
  return fs
    .list(dirname(file))
    .filter((name) => isSegmentName(basename(file), name))
    .sort()
    .map((name) => join(dirname(file), name))
    .filter((path) => fs.statusAt(path)?.kind === 'file');
}
