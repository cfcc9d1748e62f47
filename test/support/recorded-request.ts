import { type HeaderLine, headerValues, readMessage } from './http-message.ts';

/** A request as it reached the upstream, byte for byte. */
export interface RecordedRequest {
  readonly method: string;
  readonly target: string;
  readonly version: string;
  readonly headers: readonly HeaderLine[];
  readonly body: Buffer;
  /** The whole request. */
  readonly raw: Buffer;
  /** Which connection it came on, counted from 0. */
  readonly connection: number;
  /** Its place on that connection, counted from 0. */
  readonly turn: number;
  /** Values of a header, in the order sent. */
  header(name: string): readonly string[];
}

/** Reads the first request of `pending`; undefined until it has arrived in full. */
export function readRequest(
  pending: Buffer,
): Omit<RecordedRequest, 'connection' | 'turn'> | undefined {
  const message = readMessage(pending);
  if (message === undefined || !message.complete) return undefined;
  const { headers, body, length } = message;
  const [method = '', target = '', version = ''] = message.startLine.split(' ');
  return {
    method,
    target,
    version,
    headers,
    body,
    raw: pending.subarray(0, length),
    header: (name) => headerValues(headers, name),
  };
}
