import { promisify } from 'node:util';
import { gunzip, gunzipSync } from 'node:zlib';
import { allow, type Decision, type Deny, deny } from '../core/decision.ts';
import { explainForeignBytes } from '../core/exposition/foreign-bytes.ts';
import { denyDecodedSize } from './decoded-size.ts';

/** What zlib returns under `info`: the output, and how much of the input made it. */
interface Inflated {
  readonly buffer: Buffer;
  readonly engine: { readonly bytesWritten: number };
}

/** Up to this size inflating on the spot takes less time than the way to the thread pool. */
const MAX_SYNC_BYTES = 4096;

const gunzipInPool = promisify(gunzip);

/**
 * Undoes gzip. The input may have several members and must end where the last one ends. Ends in
 * `body_invalid` or `decoded_too_large`.
 * @param maxBytes - of the output; never much more is held
 * @see RFC 1952 section 2.2
 */
export async function decodeGzip(body: Uint8Array, maxBytes: number): Promise<Decision<Buffer>> {
  const options = { info: true, maxOutputLength: Math.max(maxBytes, 1) };
  try {
    const inflated: unknown =
      body.byteLength <= MAX_SYNC_BYTES
        ? gunzipSync(body, options)
        : await gunzipInPool(body, options);
    const { buffer, engine } = inflated as Inflated; // zlib's answer under `info`
    return engine.bytesWritten === body.byteLength
      ? allow(buffer)
      : denyGzip('has something after its end');
  } catch (error) {
    return denyError(error, maxBytes, body);
  }
}

/** Not gzip: perhaps plain, perhaps of another kind. */
function denyContent(body: Uint8Array): Deny {
  const isGzip = body[0] === 0x1f && body[1] === 0x8b;
  const foreign = isGzip ? undefined : explainForeignBytes(body);
  return foreign === undefined
    ? denyGzip('is not valid gzip', 'leave out Content-Encoding if the body is plain')
    : deny('body_invalid', { detail: `${foreign.problem}, not gzip`, hints: foreign.hints });
}

function denyError(error: unknown, maxBytes: number, body: Uint8Array): Deny {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  switch (code) {
    case 'ERR_BUFFER_TOO_LARGE':
      return denyDecodedSize(maxBytes);
    case 'Z_BUF_ERROR':
      return denyGzip(
        'ends too early',
        'it was cut: send it whole, with the Content-Length that it has',
      );
    case 'Z_DATA_ERROR':
      return denyContent(body);
    default:
      throw error;
  }
}

function denyGzip(problem: string, ...hints: readonly string[]): Deny {
  return deny('body_invalid', { detail: `the body ${problem}`, hints });
}
