import { basename, dirname, join } from 'node:path';
import type { FileSystem } from '../disk/file-system.ts';

/** Digits of the first sequence number in a closed segment's name, so that names sort. */
const SEQ_DIGITS = 12;

/** What follows the file's name in the name of a closed segment. */
const CLOSED = /^\d{12}(\.\d+)?$/;

/**
 * Lists the files of an audit log, oldest first: the closed segments, named after their first
 * sequence number, then the one being written, each only where it exists.
 */
export function listSegments(fs: FileSystem, file: string): readonly string[] {
  const closed = listClosedSegments(fs, file);
  return fs.statusAt(file) === undefined ? closed : [...closed, file];
}

/** Removes all but the newest `keep` closed segments. */
export function pruneSegments(fs: FileSystem, file: string, keep: number): void {
  const closed = listClosedSegments(fs, file);
  for (const path of closed.slice(0, Math.max(0, closed.length - keep))) {
    try {
      fs.remove(path);
    } catch {
      // it stays, and is tried again when the next segment begins
    }
  }
}

/** A name for the segment that begins with record `firstSeq`, not taken yet. */
export function nameClosedSegment(fs: FileSystem, file: string, firstSeq: number): string {
  return findFreeName(fs, `${file}.${String(firstSeq).padStart(SEQ_DIGITS, '0')}`);
}

/** A name for a file that is in the way but is not ours, not taken yet. */
export function nameForeignFile(fs: FileSystem, file: string): string {
  return findFreeName(fs, join(dirname(file), `foreign-${basename(file)}`));
}

/**
 * Names of what lies beside the log: the lock, and the space kept for a full disk. Hidden, so that
 * `audit.jsonl*` names segments only.
 */
export function nameCompanion(file: string, kind: 'lock' | 'reserve'): string {
  return join(dirname(file), `.${basename(file)}.${kind}`);
}

function findFreeName(fs: FileSystem, name: string): string {
  let free = name;
  for (let copy = 1; fs.statusAt(free) !== undefined; copy += 1) free = `${name}.${copy}`;
  return free;
}

function listClosedSegments(fs: FileSystem, file: string): readonly string[] {
  const prefix = `${basename(file)}.`;
  return fs
    .list(dirname(file))
    .filter((name) => name.startsWith(prefix) && CLOSED.test(name.slice(prefix.length)))
    .sort()
    .map((name) => join(dirname(file), name));
}
