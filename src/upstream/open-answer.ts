import { type IncomingMessage, type RequestOptions, request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';

/** Where something is read that may be long. */
export interface ReadingOptions {
  /** Origin and path prefix, without a slash at the end. */
  readonly url: string;
  /** The whole `Authorization` value. */
  readonly authorization?: string;
  /** PEM. */
  readonly ca?: string;
}

/** Without a byte, before a connection is open and in the middle of an answer. */
const IDLE_TIMEOUT_MS = 30_000;
/** Until an answer begins: Pushgateway makes up a whole listing, of millions of series, before that. */
const HEAD_TIMEOUT_MS = 180_000;
const USER_AGENT = 'pushwarden';

/** Asks for something, and resolves once the answer begins; follows no redirect. */
export function openAnswer(
  { url, authorization, ca }: ReadingOptions,
  path: string,
  accept: string,
): Promise<IncomingMessage> {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  const headers = { accept, 'user-agent': USER_AGENT, ...(authorization && { authorization }) };
  const options: RequestOptions = { headers, agent: false, timeout: IDLE_TIMEOUT_MS };
  const outgoing = url.startsWith('https:')
    ? requestHttps(`${url}${path}`, { ...options, ...(ca && { ca }) })
    : requestHttp(`${url}${path}`, options);
  outgoing.on('finish', () => outgoing.socket?.setTimeout(HEAD_TIMEOUT_MS));
  outgoing.on('response', (answer) => {
    answer.socket.setTimeout(IDLE_TIMEOUT_MS);
    resolve(answer);
  });
  outgoing.on('timeout', () => outgoing.destroy(new Error('the upstream says nothing')));
  outgoing.on('error', reject);
  outgoing.end();
  return promise;
}
