/** Up to here what comes is joined to what came before. */
const JOINED_BYTES = 4096;
const NOTHING = Buffer.alloc(0);

/** Bytes that wait, in the parts in which they came: joined anew with each, they would cost their square. */
export class PendingBytes {
  #parts: Buffer[] = [];
  #byteLength = 0;

  get byteLength(): number {
    return this.#byteLength;
  }

  /** What came first, empty if nothing waits. */
  first(): Buffer {
    return this.#parts[0] ?? NOTHING;
  }

  /** Adds what has come. Small parts are joined: as many objects, they would take a hundred times their bytes. */
  keep(part: Buffer): void {
    const last = this.#parts.at(-1);
    if (last !== undefined && last.byteLength + part.byteLength <= JOINED_BYTES) {
      this.#parts[this.#parts.length - 1] = Buffer.concat([last, part]);
    } else this.#parts.push(part);
    this.#byteLength += part.byteLength;
  }

  /** Takes bytes off the beginning: at most so many, and no more than came at once. */
  cut(length: number): Buffer {
    const part = this.first();
    if (length >= part.byteLength) {
      this.#parts.shift();
      this.#byteLength -= part.byteLength;
      return part;
    }
    this.#parts[0] = part.subarray(length);
    this.#byteLength -= length;
    return part.subarray(0, length);
  }

  /** Forgets all. @returns how many bytes that was */
  clear(): number {
    const bytes = this.#byteLength;
    this.#parts = [];
    this.#byteLength = 0;
    return bytes;
  }
}
