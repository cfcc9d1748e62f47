import { setImmediate } from 'node:timers/promises';
import { uncompress } from 'snappyjs';
import { allow, type Decision, type Deny, deny } from '../core/decision.ts';
import { crc32c } from './crc32c.ts';
import { denyDecodedSize } from './decoded-size.ts';

const HEADER_BYTES = 4;
const CHECKSUM_BYTES = 4;
const MAX_CHUNK_BYTES = 65_536;
const IDENTIFIER = Buffer.from('ff060000734e61507059', 'hex');

/** Other requests get their turn after this many chunks: about two milliseconds of work. */
const CHUNKS_PER_TURN = 8;
/** Chunks and identifiers of one body: a writer makes a chunk of 64 KiB, or of each of its writes. */
const MAX_PARTS = 10_000;

/**
 * Undoes framed snappy. Takes the stream identifier, compressed and plain chunks, nothing else, and
 * checks every checksum. Ends in `body_invalid` or `decoded_too_large`.
 * @param maxBytes - of the output; never much more is held
 * @see google/snappy `framing_format.txt`
 */
export async function decodeSnappy(
  body: Uint8Array,
  maxBytes: number,
): Promise<Decision<Uint8Array>> {
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  if (!isIdentifierAt(bytes, 0)) return denySnappy('does not begin with a stream identifier');
  const output: Buffer[] = [];
  let size = 0;
  let at = IDENTIFIER.length;
  for (let parts = 0; at < bytes.length; parts += 1) {
    if (parts === MAX_PARTS) return denySnappy(`has more than ${MAX_PARTS} chunks`);
    if (isIdentifierAt(bytes, at)) {
      at += IDENTIFIER.length;
      continue;
    }
    const end = endOfChunk(bytes, at);
    if (end > bytes.length) return denySnappy('ends too early');
    const chunk = decodeChunk(bytes[at], bytes.subarray(at + HEADER_BYTES, end));
    if (chunk === undefined) return denySnappy('has a chunk that is not valid');
    size += chunk.length;
    if (size > maxBytes) return denyDecodedSize(maxBytes);
    if (output.push(chunk) % CHUNKS_PER_TURN === 0) await setImmediate();
    at = end;
  }
  return allow(Buffer.concat(output));
}

/** Where a chunk ends by its header; beyond the bytes where they end before. */
function endOfChunk(bytes: Buffer, at: number): number {
  const start = at + HEADER_BYTES;
  return start > bytes.length ? start : start + bytes.readUIntLE(at + 1, 3);
}

/** The content of a chunk; undefined for one that is damaged or of another type. */
function decodeChunk(type: number | undefined, chunk: Buffer): Buffer | undefined {
  if (chunk.length < CHECKSUM_BYTES) return undefined;
  const data = chunk.subarray(CHECKSUM_BYTES);
  const content = type === 0 ? decodeBlock(data) : type === 1 ? data : undefined;
  if (content === undefined || content.length > MAX_CHUNK_BYTES) return undefined;
  return mask(crc32c(content)) === chunk.readUInt32LE(0) ? content : undefined;
}

function decodeBlock(data: Buffer): Buffer | undefined {
  try {
    return uncompress(data, MAX_CHUNK_BYTES);
  } catch {
    return undefined;
  }
}

/** The framing stores checksums rotated and shifted, so that they can be summed themselves. */
function mask(crc: number): number {
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
}

function isIdentifierAt(bytes: Buffer, at: number): boolean {
  return bytes.subarray(at, at + IDENTIFIER.length).equals(IDENTIFIER);
}

function denySnappy(problem: string): Deny {
  return deny('body_invalid', {
    detail: `the body ${problem}`,
    hints: ['send framed snappy, and leave out Content-Encoding if the body is plain'],
  });
}
