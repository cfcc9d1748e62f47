import type { ServerOptions as HttpOptions, Server } from 'node:http';
import { createServer as createHttpsServer, Server as HttpsServer } from 'node:https';
import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import type { ClientCertificates } from './client-certificates.ts';

/** What the gateway proves itself with, as PEM text. */
export interface TlsOptions {
  /** Its own certificate, then those that lead to its authority. */
  readonly cert: string;
  readonly key: string;
  /** Authorities of client certificates; left out: clients are not asked for one. */
  readonly clientCa?: string;
}

/**
 * Creates an HTTP/1.1 server behind TLS 1.2 or 1.3, not yet listening. A client certificate that
 * leads to no authority ends no handshake: the pipeline decides, where the refusal is audited.
 * @param handshakeTimeoutMs - from the connection on
 * @param refuseClear - answers a client that does not speak TLS
 */
export function createTlsServer(
  options: HttpOptions,
  tls: TlsOptions,
  handshakeTimeoutMs: number,
  certificates: Pick<ClientCertificates, 'note'>,
  refuseClear: (socket: Socket) => void,
): Server {
  const server = createHttpsServer({
    ...options,
    ...renderContext(tls),
    requestCert: tls.clientCa !== undefined,
    rejectUnauthorized: false,
    ALPNProtocols: ['http/1.1'],
    handshakeTimeout: handshakeTimeoutMs,
    // As HTTP in the clear has it: who has sent all of a request may say so.
    allowHalfOpen: true,
  });
  // Node makes a `clientError` of it, which would be answered in the clear.
  server.removeAllListeners('tlsClientError');
  server.on('tlsClientError', (_, socket: TLSSocket) => socket.destroy());
  server.on('secureConnection', certificates.note);
  sortOut(server, handshakeTimeoutMs, refuseClear);
  return server;
}

/** First byte of a TLS handshake. @see RFC 8446 section 5.1 */
const HANDSHAKE = 0x16;

/** Lets nothing but handshakes reach TLS, which would have only a broken connection for the rest. */
function sortOut(server: Server, timeoutMs: number, refuseClear: (socket: Socket) => void): void {
  const [secure] = server.listeners('connection');
  if (secure === undefined) throw new TypeError('the server takes no connections');
  server.off('connection', secure as () => void); // as it was given to `on`
  server.on('connection', (socket: Socket) => {
    const timer = setTimeout(() => socket.destroy(), timeoutMs);
    const giveUp = (): void => void socket.destroy();
    socket.on('error', giveUp).once('close', () => clearTimeout(timer));
    socket.once('readable', () => {
      clearTimeout(timer);
      const first: Buffer | null = socket.read();
      if (first === null) socket.destroy();
      else if (first[0] === HANDSHAKE) {
        socket.off('error', giveUp).unshift(first);
        Reflect.apply(secure, server, [socket]);
      } else {
        refuseClear(socket.resume());
      }
    });
  });
}

/**
 * Uses other certificates for the connections that come; those that are open stay as they are.
 * @throws Error when key and certificate are no pair; those in use stay
 */
export function applyTls(server: Server, tls: TlsOptions): void {
  if (server instanceof HttpsServer) server.setSecureContext(renderContext(tls));
}

/** Everything explicitly: NODE_OPTIONS could allow older versions. */
function renderContext({ cert, key, clientCa }: TlsOptions) {
  return { cert, key, ...(clientCa && { ca: clientCa }), minVersion: 'TLSv1.2' as const };
}
