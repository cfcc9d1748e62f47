import { Agent as HttpAgent, type IncomingMessage, request as requestHttp } from 'node:http';
import { Agent as HttpsAgent, request as requestHttps } from 'node:https';
import type { ScrapePart } from '../pipeline/ports/upstream.ts';

interface ScrapePartOptions {
  /** Origin and path prefix, without a slash at the end. */
  readonly url: string;
  readonly connections: number;
  /** The whole `Authorization` value. */
  readonly authorization?: string;
  /** PEM. */
  readonly ca?: string;
}

/** Opens what one Pushgateway has of reads that several answer together. */
export function createPartReader(
  options: ScrapePartOptions,
): Pick<ScrapePart, 'open'> & Disposable {
  const { url, connections, authorization, ca } = options;
  const isHttps = url.startsWith('https:');
  const agentOptions = { keepAlive: true, maxSockets: connections };
  const agent = isHttps
    ? new HttpsAgent({ ...agentOptions, ...(ca && { ca }) })
    : new HttpAgent(agentOptions);
  return {
    open(path, accept, signal) {
      const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
      const headers = {
        'accept-encoding': 'identity',
        ...(accept !== '' && { accept }),
        ...(authorization && { authorization }),
      };
      const request = isHttps ? requestHttps : requestHttp;
      const outgoing = request(`${url}${path}`, { agent, headers, signal });
      outgoing.on('response', resolve);
      outgoing.on('upgrade', () => outgoing.destroy(new Error('it switched protocols')));
      outgoing.on('error', reject);
      outgoing.end();
      return promise.then((answer) => ({
        status: answer.statusCode ?? 0,
        contentType: answer.headers['content-type'] ?? '',
        isEncoded: answer.headers['content-encoding'] !== undefined,
        body: answer,
      }));
    },
    [Symbol.dispose]: () => agent.destroy(),
  };
}
