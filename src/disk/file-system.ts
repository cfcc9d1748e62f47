import {
  type BigIntStats,
  closeSync,
  constants,
  fchmodSync,
  fdatasyncSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  lstatSync,
  openSync,
  readdirSync,
  readSync,
  renameSync,
  statfsSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { type FileKind, kindOf } from '../core/file-kind.ts';

/** What is asked of a disk; all of it synchronous, called from a thread of its own. */
export interface FileSystem {
  /**
   * Opens a file: to write, never through a symbolic link. Only to read, a link is followed.
   * @param flags as of `fs.open`: `a+` appends, `ax+` also refuses a file that exists
   */
  open(path: string, flags: OpenFlags): number;
  close(fd: number): void;
  /** Writes at the end; may write less than it was given. */
  append(fd: number, bytes: Uint8Array, offset: number): number;
  read(fd: number, into: Uint8Array, position: number): number;
  status(fd: number): FileStatus;
  /** Of what stands there itself, links not followed; undefined when nothing does. */
  statusAt(path: string): FileStatus | undefined;
  truncate(fd: number, bytes: number): void;
  /** Takes the rights of everybody but the owner away. */
  makePrivate(fd: number): void;
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
  /** When it was last written, milliseconds since the epoch. */
  readonly modifiedMs: number;
  readonly kind: FileKind;
  /** Whether others than the owner have any right to it. */
  readonly isExposed: boolean;
}

type OpenFlags = 'r' | 'r+' | 'a+' | 'ax+';

/** Rights of a new file: the gateway's user alone may read it. */
const OWNER_ONLY = 0o600;
const OTHERS = 0o077n;

const { O_APPEND, O_CREAT, O_EXCL, O_NOFOLLOW, O_NONBLOCK, O_RDWR } = constants;
/** A link that was put there after it was looked at is not followed, and a FIFO not waited for. */
const FLAGS = {
  r: 'r',
  'r+': O_RDWR | O_NOFOLLOW | O_NONBLOCK,
  'a+': O_RDWR | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK,
  'ax+': O_RDWR | O_APPEND | O_CREAT | O_EXCL | O_NOFOLLOW,
} as const satisfies Record<OpenFlags, string | number>;

/** The disk of this machine. */
export const nodeFileSystem: FileSystem = {
  open: (path, flags) => openSync(path, FLAGS[flags], OWNER_ONLY),
  close: closeSync,
  append: (fd, bytes, offset) => writeSync(fd, bytes, offset),
  read: (fd, into, position) => readSync(fd, into, 0, into.byteLength, position),
  status: (fd) => toStatus(fstatSync(fd, { bigint: true })),
  statusAt(path) {
    const stats = lstatSync(path, { bigint: true, throwIfNoEntry: false });
    return stats && toStatus(stats);
  },
  truncate: ftruncateSync,
  makePrivate: (fd) => fchmodSync(fd, OWNER_ONLY),
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

function toStatus(stats: BigIntStats): FileStatus {
  const { dev, ino, size, mode, mtimeMs } = stats;
  const isExposed = (mode & OTHERS) !== 0n;
  return {
    device: dev,
    inode: ino,
    bytes: Number(size),
    modifiedMs: Number(mtimeMs),
    kind: kindOf(stats),
    isExposed,
  };
}
