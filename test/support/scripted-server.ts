import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';

/** A request that arrived whole. */
interface SeenRequest {
  readonly method: string | undefined;
  readonly url: string | undefined;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

/** What answers as it is told, in place of a gateway or of something before it. */
export interface ScriptedServer extends AsyncDisposable {
  readonly url: string;
  readonly seen: readonly SeenRequest[];
}

/** One answer; the last is given to all that come after. */
export type ScriptedAnswer = (res: ServerResponse) => void;

/** An answer with a status, headers and a body. */
export function answerWith(
  status: number,
  headers: Readonly<Record<string, string>> = {},
  body = '',
): ScriptedAnswer {
  return (res) => void res.writeHead(status, headers).end(body);
}

/** Starts it, with TLS where there is a certificate. */
export async function startScriptedServer(
  answers: readonly ScriptedAnswer[],
  tls?: { readonly cert: Buffer; readonly key: Buffer },
): Promise<ScriptedServer> {
  const seen: SeenRequest[] = [];
  const listener = async (req: IncomingMessage, res: ServerResponse): Promise<void> => {
    const body = (await buffer(req)).toString('utf8');
    seen.push({ method: req.method, url: req.url, headers: req.headers, body });
    answers[Math.min(seen.length, answers.length) - 1]?.(res);
  };
  const server = tls ? createHttpsServer(tls, listener) : createServer(listener);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo; // of a TCP server
  return {
    url: `${tls ? 'https' : 'http'}://localhost:${port}`,
    seen,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
