import {
  type BigIntStats,
  closeSync,
  fdatasyncSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  openSync,
  readdirSync,
  readSync,
  renameSync,
  statfsSync,
  statSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';

/** What the audit log asks of a disk; all of it synchronous, called from a thread of its own. */
export interface FileSystem {
  /** @param flags as of `fs.open`: `a+` appends, `ax+` also refuses a file that exists */
  open(path: string, flags: 'r' | 'r+' | 'a+' | 'ax+'): number;
  close(fd: number): void;
  /** Writes at the end; may write less than it was given. */
  append(fd: number, bytes: Uint8Array, offset: number): number;
  read(fd: number, into: Uint8Array, position: number): number;
  status(fd: number): FileStatus;
  /** Undefined when nothing is there. */
  statusAt(path: string): FileStatus | undefined;
  truncate(fd: number, bytes: number): void;
  /** Data and size are on disk when it returns. */
  sync(fd: number): void;
  /** Names made, changed and removed in the directory are on disk when it returns. */
  syncDirectory(path: string): void;
  rename(from: string, to: string): void;
  remove(path: string): void;
  list(directory: string): readonly string[];
  /** Bytes that may still be written in the directory of `path`. */
  freeBytes(path: string): number;
}

export interface FileStatus {
  readonly device: bigint;
  readonly inode: bigint;
  readonly bytes: number;
}

/** Rights of a new file: the gateway's user alone may read it. */
const OWNER_ONLY = 0o600;

/** The disk of this machine. */
export const nodeFileSystem: FileSystem = {
  open: (path, flags) => openSync(path, flags, OWNER_ONLY),
  close: closeSync,
  append: (fd, bytes, offset) => writeSync(fd, bytes, offset),
  read: (fd, into, position) => readSync(fd, into, 0, into.byteLength, position),
  status: (fd) => toStatus(fstatSync(fd, { bigint: true })),
  statusAt(path) {
    const stats = statSync(path, { bigint: true, throwIfNoEntry: false });
    return stats && toStatus(stats);
  },
  truncate: ftruncateSync,
  sync: fdatasyncSync,
  syncDirectory(path) {
    const fd = openSync(path, 'r');
    try {
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
  },
  rename: renameSync,
  remove: unlinkSync,
  list: (directory) => readdirSync(directory),
  freeBytes(path) {
    const { bavail, bsize } = statfsSync(dirname(path));
    return bavail * bsize;
  },
};

/** Opens a file to read it, and closes it whatever happens. */
export function withFile<T>(fs: FileSystem, path: string, use: (fd: number) => T): T {
  const fd = fs.open(path, 'r');
  try {
    return use(fd);
  } finally {
    fs.close(fd);
  }
}

function toStatus({ dev, ino, size }: BigIntStats): FileStatus {
  return { device: dev, inode: ino, bytes: Number(size) };
}
