const LENGTH_BYTES = 4;

/** Several operations as one value: each with its length before it. */
export function packOperations(operations: readonly Uint8Array[]): Buffer {
  const length = operations.reduce((sum, { length: own }) => sum + LENGTH_BYTES + own, 0);
  const packed = Buffer.allocUnsafe(length);
  let at = 0;
  for (const operation of operations) {
    at = packed.writeUInt32LE(operation.length, at);
    packed.set(operation, at);
    at += operation.length;
  }
  return packed;
}

/** What `packOperations` put together, in its order. */
export function unpackOperations(packed: Buffer): readonly Buffer[] {
  const operations: Buffer[] = [];
  for (let at = 0; at < packed.length; ) {
    const begin = at + LENGTH_BYTES;
    at = begin + packed.readUInt32LE(at);
    operations.push(packed.subarray(begin, at));
  }
  return operations;
}
