import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { Socket } from 'node:net';
import { type Deny, deny } from '../core/decision.ts';
import { BROKEN_OFF, failBody, isBodyAwaited } from './body.ts';
import type { ClientCertificates } from './client-certificates.ts';
import { ExpressRequest, ExpressResponse } from './express-messages.ts';
import { intakeOf, openIntake } from './intake.ts';
import { explainParserError, isCutOff } from './parser-error.ts';
import { createTlsServer, type TlsOptions } from './tls.ts';
import { createTurns, type Turns } from './turns.ts';
import { takeWholeBody } from './whole-body.ts';

/** Bounds of the public server, milliseconds and counts. */
export interface ServerBounds {
  readonly headerTimeoutMs: number;
  readonly idleTimeoutMs: number;
  readonly keepAliveMs: number;
  /** Of one request. */
  readonly headers: number;
  readonly connections: number;
}

interface PublicServerOptions {
  readonly bounds: ServerBounds;
  /** Undefined for HTTP in the clear. */
  readonly tls:
    | { readonly options: TlsOptions; readonly certificates: ClientCertificates }
    | undefined;
  readonly listener: RequestListener;
  /** Answers, audits and counts what the parser could not make a request of. */
  readonly refuseRaw: (socket: Socket, refusal: Deny) => void;
}

const MAX_HEADER_BYTES = 16 * 1024;
/** How often Node looks for headers and bodies that are late. */
const TIMEOUT_CHECK_MS = 1000;

const CLEAR_ON_TLS = 'this port speaks TLS: ask for https://';

const HTTP_OPTIONS = {
  IncomingMessage: ExpressRequest,
  ServerResponse: ExpressResponse,
  // Explicitly: NODE_OPTIONS could switch the lenient parser on.
  insecureHTTPParser: false,
  // Checked by the pipeline, where the refusal is audited.
  requireHostHeader: false,
  maxHeaderSize: MAX_HEADER_BYTES,
  connectionsCheckingInterval: TIMEOUT_CHECK_MS,
  noDelay: true,
};

/**
 * Creates the HTTP server with every default that is unsafe at the edge of a network replaced.
 * @see docs/operate/reliability.md
 */
export function createPublicServer(options: PublicServerOptions): Server {
  const { bounds, tls, listener, refuseRaw } = options;
  const turns = createTurns();
  const server =
    tls === undefined
      ? createServer(HTTP_OPTIONS)
      : createTlsServer(
          HTTP_OPTIONS,
          tls.options,
          bounds.headerTimeoutMs,
          tls.certificates,
          (socket) => refuseRaw(socket, deny('request_malformed', CLEAR_ON_TLS)),
        );
  applyBounds(server, bounds);
  // A client may shut down its side after the request and still wait for the answer.
  Object.assign(server, { httpAllowHalfOpen: true });
  const connections = new WeakMap<Socket, Connection>();
  server.on('timeout', (socket: Socket) => {
    const res = connections.get(socket)?.answering;
    if (res === undefined || res.headersSent) socket.destroy();
    else if (isBodyAwaited(res.req)) failBody(res.req, deny('body_timeout'));
    // Else it is the gateway that is slow, and it has deadlines of its own.
  });
  const answer = takeTurns(turns, listener);
  const takeTurn = (socket: Socket, work: () => unknown): void =>
    turns.take(socket, (end) => {
      work();
      end();
    });
  server.on(tls === undefined ? 'connection' : 'secureConnection', openIntake);
  const take: RequestListener = (req, res) => {
    const { socket } = req;
    let connection = connections.get(socket);
    if (connection === undefined) {
      connection = { newest: req, answering: undefined };
      connections.set(socket, connection);
    }
    connection.newest = req;
    intakeOf(socket)?.begin(req);
    answer(connection, req, res);
  };
  server.on('request', take).on('checkContinue', take).on('checkExpectation', take);
  server.on('connect', (_, socket: Socket) => {
    // Node has let go of the socket, its errors included.
    socket.on('error', () => socket.destroy());
    intakeOf(socket)?.halt();
    const refusal = deny('method_not_allowed', {
      allowedMethods: ['POST', 'PUT', 'DELETE', 'GET'],
    });
    takeTurn(socket, () => refuseRaw(socket, refusal));
  });
  server.on('clientError', (error, socket: Socket) => {
    const limits = { bytes: MAX_HEADER_BYTES, headers: server.maxHeadersCount ?? bounds.headers };
    const refusal = explainParserError(error, limits);
    const req = connections.get(socket)?.newest;
    // The parser has given up: nothing that still comes is told to it.
    intakeOf(socket)?.halt();
    if (refusal === undefined || socket.destroyed) socket.destroy();
    else if (req === undefined || req.complete) {
      takeTurn(socket, () => refuseRaw(socket, refusal));
    } else {
      // Not a request of its own: the body of the newest one broke, and that one is answered.
      failBody(req, isCutOff(error) ? BROKEN_OFF : refusal);
      takeTurn(socket, () => socket.writable && socket.destroySoon());
    }
  });
  return server;
}

/** Sets what may change while the server runs; open connections keep the idle time they have. */
export function applyBounds(server: Server, bounds: ServerBounds): void {
  server.headersTimeout = bounds.headerTimeoutMs;
  // A body has its own deadline, which begins when somebody wants it.
  server.requestTimeout = 0;
  server.timeout = bounds.idleTimeoutMs;
  server.keepAliveTimeout = bounds.keepAliveMs;
  server.maxHeadersCount = bounds.headers;
  server.maxConnections = bounds.connections;
}

/** What is under way on a connection. */
interface Connection {
  newest: IncomingMessage;
  /** Of the request that has its turn. */
  answering: ServerResponse | undefined;
}

/** A request's turn ends when its answer is written or its connection gone. */
function takeTurns(turns: Turns, listener: RequestListener) {
  return (connection: Connection, req: IncomingMessage, res: ServerResponse): void => {
    turns.take(req.socket, (end) => {
      connection.answering = res;
      res.on('close', () => {
        connection.answering = undefined;
        takeWholeBody(req); // nobody wanted it
        end();
      });
      if (req.httpVersion === '1.0') res.shouldKeepAlive = false;
      listener(req, res);
    });
  };
}
