declare module 'snappyjs' {
  /**
   * Undoes one block of snappy, without framing.
   * @throws Error when the block is not valid or declares more than `maxLength` bytes
   */
  export function uncompress(compressed: Buffer, maxLength?: number): Buffer;
  export function compress(uncompressed: Buffer): Buffer;
}
