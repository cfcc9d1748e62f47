import { basename, dirname, join } from 'node:path';
import type { FileStatus, FileSystem } from '../../src/disk/file-system.ts';

interface Node {
  readonly inode: bigint;
  bytes: Buffer;
  modifiedMs: number;
}

/** What goes wrong, decided anew at each call; nothing when it returns undefined. */
export interface Faults {
  /** Bytes that an append takes before it ends short or fails. */
  append?: (wanted: number) => { readonly taken: number; readonly error?: Error } | undefined;
  sync?: () => Error | undefined;
  truncate?: () => Error | undefined;
  /** Also of files that are to be made. */
  open?: (path: string) => Error | undefined;
}

/** A disk in memory that fails on order. */
export class MemoryFileSystem implements FileSystem {
  readonly #files = new Map<string, Node>();
  readonly #open = new Map<number, Node>();
  #next = 3;
  faults: Faults = {};
  /** The time at which files are written. */
  now = 0;
  /** Names of the calls that reached the disk. */
  readonly calls: string[] = [];

  /** Descriptors that are open. */
  get openCount(): number {
    return this.#open.size;
  }

  names(): readonly string[] {
    return [...this.#files.keys()].sort();
  }

  content(path: string): string {
    return this.#at(path).bytes.toString('latin1');
  }

  put(path: string, content: string | Uint8Array): void {
    this.#files.set(path, {
      inode: this.#inode(),
      bytes: Buffer.from(content),
      modifiedMs: this.now,
    });
  }

  open(path: string, flags: string): number {
    const fault = this.faults.open?.(path);
    if (fault !== undefined) throw fault;
    const found = this.#files.get(path);
    if (flags.includes('x') && found !== undefined) throw fileError('EEXIST', path);
    if (found === undefined && flags.startsWith('r')) throw fileError('ENOENT', path);
    if (found === undefined) this.put(path, '');
    const fd = this.#next++;
    this.#open.set(fd, this.#at(path));
    this.calls.push(`open ${basename(path)}`);
    return fd;
  }

  close(fd: number): void {
    if (!this.#open.delete(fd)) throw fileError('EBADF', String(fd));
  }

  append(fd: number, bytes: Uint8Array, offset: number): number {
    const wanted = bytes.byteLength - offset;
    const fault = this.faults.append?.(wanted);
    const taken = Math.min(wanted, fault?.taken ?? wanted);
    if (fault?.error !== undefined && taken === 0) throw fault.error;
    const node = this.#node(fd);
    node.bytes = Buffer.concat([node.bytes, bytes.subarray(offset, offset + taken)]);
    node.modifiedMs = this.now;
    this.calls.push(`append ${taken}`);
    return taken;
  }

  read(fd: number, into: Uint8Array, position: number): number {
    return this.#node(fd).bytes.copy(into, 0, position);
  }

  status(fd: number): FileStatus {
    return toStatus(this.#node(fd));
  }

  statusAt(path: string): FileStatus | undefined {
    const node = this.#files.get(path);
    return node && toStatus(node);
  }

  truncate(fd: number, bytes: number): void {
    const fault = this.faults.truncate?.();
    if (fault !== undefined) throw fault;
    const node = this.#node(fd);
    node.bytes = node.bytes.subarray(0, bytes);
  }

  makePrivate(): void {}

  sync(): void {
    this.calls.push('sync');
    const fault = this.faults.sync?.();
    if (fault !== undefined) throw fault;
  }

  syncDirectory(path: string): void {
    this.calls.push(`sync ${path}`);
  }

  rename(from: string, to: string): void {
    this.#files.set(to, this.#at(from));
    this.#files.delete(from);
  }

  remove(path: string): void {
    this.#at(path);
    this.#files.delete(path);
  }

  list(directory: string): readonly string[] {
    const paths = this.names().filter((path) => dirname(path) === dirname(join(directory, 'x')));
    // a directory has no order
    return paths.map((path) => basename(path)).reverse();
  }

  freeBytes(): number {
    return Number.POSITIVE_INFINITY;
  }

  #node(fd: number): Node {
    const node = this.#open.get(fd);
    if (node === undefined) throw fileError('EBADF', String(fd));
    return node;
  }

  #at(path: string): Node {
    const node = this.#files.get(path);
    if (node === undefined) throw fileError('ENOENT', path);
    return node;
  }

  #inode(): bigint {
    return BigInt(this.#next++);
  }
}

function toStatus({ inode, bytes, modifiedMs }: Node): FileStatus {
  const { byteLength } = bytes;
  return { device: 1n, inode, bytes: byteLength, modifiedMs, kind: 'file', isExposed: false };
}

/** An error as `node:fs` throws it. */
export function fileError(code: string, detail = ''): Error {
  return Object.assign(new Error(`${code}: ${detail}`), { code });
}
