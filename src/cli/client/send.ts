import { type IncomingHttpHeaders, request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { VERSION } from '../../version.ts';
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

/** Sends one request, follows no redirect, and reads the answer to its end. Never rejects. */
export function send(
  { url, authorization }: Connection,
  request: ClientRequest,
): Promise<Exchange> {
  const { method, path, body, timeoutMs } = request;
  const open = url.protocol === 'https:' ? requestHttps : requestHttp;
  return new Promise((resolve) => {
    let hasLeft = false;
    const fail = (problem: string): void =>
      resolve({ kind: 'failed', problem, mayHaveArrived: hasLeft });
    const outgoing = open(`${url.href.replace(/\/$/, '')}${path}`, {
      method,
      agent: false,
      headers: {
        authorization,
        'user-agent': `pushwarden/${VERSION}`,
        accept: method === 'GET' ? 'application/json' : 'text/plain',
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
    outgoing.once('error', (error) => fail(describeError(error, url)));
    outgoing.once('response', (answer) => {
      const chunks: Buffer[] = [];
      let bytes = 0;
      answer.on('data', (chunk: Buffer) => {
        bytes += chunk.length;
        if (bytes > MAX_ANSWER_BYTES) outgoing.destroy();
        chunks.push(chunk);
      });
      answer.once('error', (error) => fail(describeError(error, url)));
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

/** What people meet, in their words. */
const PROBLEMS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nobody listens there',
  ECONNRESET: 'the connection was cut',
  EPIPE: 'the connection was cut',
  ENOTFOUND: 'the name is not known',
  EAI_AGAIN: 'the name cannot be looked up now',
  ETIMEDOUT: 'the host does not answer',
  EHOSTUNREACH: 'the host cannot be reached',
  ENETUNREACH: 'the network cannot be reached',
  EPROTO: 'it does not speak TLS: is it http and not https?',
  CERT_HAS_EXPIRED: 'its certificate has expired',
  ERR_TLS_CERT_ALTNAME_INVALID: 'its certificate is for another name',
};

/** Certificates that lead to no authority that is trusted here. */
const UNTRUSTED = new Set([
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
]);

function describeError(error: Error, { host }: URL): string {
  const code = 'code' in error ? String(error.code) : '';
  if (UNTRUSTED.has(code)) {
    return `${host}: its certificate is not trusted here: name the authority's file in NODE_EXTRA_CA_CERTS`;
  }
  if (code.startsWith('HPE_')) return `${host}: the answer is not HTTP: is it https and not http?`;
  const problem = PROBLEMS[code] ?? (error.message || code);
  return `${host}: ${problem}`;
}
