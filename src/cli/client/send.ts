import type { IncomingHttpHeaders } from 'node:http';
import { renderPrintable } from '../../core/printable.ts';
import { VERSION } from '../../version.ts';
import { describeNetworkError } from '../describe-network-error.ts';
import { openerFor } from '../open-request.ts';
import type { Connection } from './connection.ts';

export interface ClientRequest {
  readonly method: 'POST' | 'PUT' | 'DELETE' | 'GET';
  /** Below the address of the gateway: `/metrics/job/x`. */
  readonly path: string;
  readonly body?: Uint8Array;
  readonly timeoutMs: number;
}

/** What one request came to. */
export type Exchange =
  | {
      readonly kind: 'answered';
      readonly status: number;
      readonly headers: IncomingHttpHeaders;
      readonly body: string;
    }
  | { readonly kind: 'failed'; readonly problem: string; readonly mayHaveArrived: boolean };

/** More than any listing of groups. */
const MAX_ANSWER_BYTES = 256 * 1024 * 1024;
const MAX_PATH_BYTES = 200;

/** Sends one request, follows no redirect, and reads the answer to its end. Never rejects. */
export function send(
  { url, authorization }: Connection,
  request: ClientRequest,
): Promise<Exchange> {
  const { method, path, body, timeoutMs } = request;
  const open = openerFor(url);
  return new Promise((resolve) => {
    let hasLeft = false;
    const fail = (problem: string): void =>
      resolve({ kind: 'failed', problem, mayHaveArrived: hasLeft });
    const outgoing = open(locate(url, path), {
      method,
      agent: false,
      headers: {
        authorization,
        'user-agent': `pushwarden/${VERSION}`,
        // a refusal is text for those who ask for text before JSON
        accept: method === 'GET' ? 'text/plain, application/json' : 'text/plain',
        ...(body && { 'content-type': 'text/plain; version=0.0.4', 'content-length': body.length }),
      },
    });
    const timer = setTimeout(() => {
      fail(`no answer within ${timeoutMs / 1000} seconds`);
      outgoing.destroy();
    }, timeoutMs);
    outgoing.once('close', () => clearTimeout(timer));
    outgoing.once('socket', (socket) => {
      const event = url.protocol === 'https:' ? 'secureConnect' : 'connect';
      socket.once(event, () => {
        hasLeft = true;
      });
    });
    outgoing.once('error', (error) => fail(describeNetworkError(error, url)));
    outgoing.once('response', (answer) => {
      const chunks: Buffer[] = [];
      let bytes = 0;
      answer.on('data', (chunk: Buffer) => {
        bytes += chunk.length;
        if (bytes > MAX_ANSWER_BYTES) outgoing.destroy();
        chunks.push(chunk);
      });
      answer.once('error', (error) => fail(describeNetworkError(error, url)));
      answer.once('end', () => {
        const text = Buffer.concat(chunks).toString('utf8');
        const { statusCode = 0, headers } = answer;
        resolve({ kind: 'answered', status: statusCode, headers, body: text });
      });
      answer.once('close', () => fail('the answer broke off'));
    });
    outgoing.end(body);
  });
}

/** A path cannot name another host: what the token is for is the gateway. */
function locate(url: URL, path: string): URL {
  const whole = new URL(url.href.replace(/\/$/, '') + path);
  if (whole.origin !== url.origin || whole.username !== '' || whole.password !== '') {
    throw new Error(`${renderPrintable(path, MAX_PATH_BYTES)} is no path`);
  }
  return whole;
}
