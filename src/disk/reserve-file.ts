import type { FileSystem } from './file-system.ts';

/** Enough for the outcomes of all pushes that are under way when the disk is full. */
const WANTED_BYTES = 2 * 1024 * 1024;
/** Part of the free space that the reserve takes at most. */
const FREE_SHARE = 16;
/** Below it a reserve is not worth a file. */
const LEAST_BYTES = 4096;

/**
 * Space put aside for the day the disk is full: given back then, it lets what has begun be recorded
 * to its end, while nothing new is let in.
 */
export class ReserveFile {
  readonly #fs: FileSystem;
  readonly #path: string;
  readonly #bytes: number;
  #isHeld = false;

  constructor(fs: FileSystem, path: string) {
    this.#fs = fs;
    this.#path = path;
    const free = Math.floor(fs.freeBytes(path) / FREE_SHARE);
    const found = fs.statusAt(path)?.bytes ?? 0;
    this.#bytes = found > 0 ? found : Math.min(WANTED_BYTES, free);
    this.#isHeld = found > 0;
    this.refill();
  }

  /** False once the reserve was given back, until it could be refilled. */
  get isHeld(): boolean {
    return this.#isHeld || this.#bytes < LEAST_BYTES;
  }

  /** Gives the space back; false when there was none. */
  release(): boolean {
    if (!this.#isHeld) return false;
    this.#isHeld = false;
    if (!this.#isFile()) return false;
    this.#fs.remove(this.#path);
    return true;
  }

  /** Puts the space aside again, if there is enough of it. */
  refill(): void {
    if (this.isHeld) return;
    try {
      this.#fill();
      this.#isHeld = true;
    } catch {
      if (this.#isFile()) this.#fs.remove(this.#path);
    }
  }

  /** Nothing but a file is ever removed, whoever put it there. */
  #isFile(): boolean {
    return this.#fs.statusAt(this.#path)?.kind === 'file';
  }

  #fill(): void {
    const zeros = Buffer.alloc(this.#bytes);
    const fd = this.#fs.open(this.#path, 'ax+');
    try {
      for (let written = 0; written < zeros.byteLength; ) {
        written += this.#fs.append(fd, zeros, written);
      }
      this.#fs.sync(fd);
    } finally {
      this.#fs.close(fd);
    }
  }
}
