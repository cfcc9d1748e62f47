const HEAD_END = Buffer.from('\r\n\r\n');
const NOTHING = Buffer.alloc(0);

/** Looks for the end of a head in the parts in which it comes. */
export class HeadSearch {
  /** The last bytes of the parts before, in which the end may have begun. */
  #tail: Buffer = NOTHING;

  /** Begins with the next part anew. */
  reset(): void {
    this.#tail = NOTHING;
  }

  /** How many bytes of the next part belong to the head: all of them unless it ends there. */
  measure(part: Buffer): number {
    const end = this.#findEnd(part);
    if (end >= 0) this.reset();
    else this.pass(part);
    return end >= 0 ? end : part.byteLength;
  }

  /** Goes past a part: a head may have begun in it that ends in the next one. */
  pass(part: Buffer): void {
    this.#tail = Buffer.concat([this.#tail, part.subarray(1 - HEAD_END.length)]);
    this.#tail = this.#tail.subarray(1 - HEAD_END.length);
  }

  #findEnd(part: Buffer): number {
    if (this.#tail.byteLength > 0) {
      const seam = Buffer.concat([this.#tail, part.subarray(0, HEAD_END.length - 1)]);
      const at = seam.indexOf(HEAD_END);
      if (at >= 0) return at + HEAD_END.length - this.#tail.byteLength;
    }
    const at = part.indexOf(HEAD_END);
    return at < 0 ? -1 : at + HEAD_END.length;
  }
}
