/** What can stand under a name. */
export type FileKind =
  | 'file'
  | 'directory'
  | 'symbolic link'
  | 'FIFO'
  | 'socket'
  | 'device'
  | 'something else';

/** What `lstat` tells of it; the same methods in every version of Node's own type. */
interface Stats {
  isFile(): boolean;
  isDirectory(): boolean;
  isSymbolicLink(): boolean;
  isFIFO(): boolean;
  isSocket(): boolean;
  isBlockDevice(): boolean;
  isCharacterDevice(): boolean;
}

/** Tells what stands there. */
export function kindOf(stats: Stats): FileKind {
  if (stats.isFile()) return 'file';
  if (stats.isDirectory()) return 'directory';
  if (stats.isSymbolicLink()) return 'symbolic link';
  if (stats.isFIFO()) return 'FIFO';
  if (stats.isSocket()) return 'socket';
  return stats.isBlockDevice() || stats.isCharacterDevice() ? 'device' : 'something else';
}

/**
 * Says what is wrong where the gateway writes, renames or removes a file of its own: only a regular
 * one, or nothing, may stand there. Undefined when nothing is wrong.
 */
export function findForeignKind(path: string, kind: FileKind): string | undefined {
  if (kind === 'file') return undefined;
  return `${path} is a ${kind}: only a regular file, or nothing, may stand there`;
}
