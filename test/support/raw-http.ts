import { connect, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { connect as connectTls } from 'node:tls';
import { type HeaderLine, type HttpMessage, headerValues, readMessage } from './http-message.ts';

/** Between two parts, so that the peer's kernel does not join them. */
const PAUSE_MS = 10;

const BODILESS = /^HTTP\/1\.[01] (?:1\d\d|204|304)/;

/** What came back for bytes that were written to a socket as they are. */
export interface RawExchange {
  /** Final and interim (1xx) answers, in order. */
  readonly answers: readonly RawAnswer[];
  /** Everything received. */
  readonly received: Buffer;
  /** Who ended it: the peer in order, the peer by a reset, or nobody within the time given. */
  readonly ending: 'closed' | 'reset' | 'open';
}

/** One answer. */
export interface RawAnswer {
  readonly status: number;
  /** Reason phrase of the status line. */
  readonly phrase: string;
  readonly headers: readonly HeaderLine[];
  readonly body: Buffer;
  /** Whether it arrived in full. */
  readonly complete: boolean;
  /** First value of a header. */
  header(name: string): string | undefined;
}

interface RawExchangeOptions {
  readonly host?: string;
  readonly port: number;
  /** Address of this machine to come from; any when left out. */
  readonly localAddress?: string;
  /** Inside TLS, whoever the server proves to be. */
  readonly tls?: boolean;
  /** Written in this order, each in a packet of its own. */
  readonly send: string | Buffer | readonly (string | Buffer)[];
  /** Milliseconds until the exchange ends whatever happened. */
  readonly timeoutMs?: number;
  /**
   * Milliseconds of silence after the last expected answer, in which more could still come. After
   * one with `Connection: close` the end of the connection is waited for.
   */
  readonly quietMs?: number;
  /** Final answers to expect before silence counts. */
  readonly expect?: number;
  /** Closes the sending side once everything is written. */
  readonly halfClose?: boolean;
  /** The requests are HEAD: their answers have no body. */
  readonly head?: boolean;
}

/** Writes exact bytes to a socket and collects the answers; never fails because of the peer. */
export async function exchange(options: RawExchangeOptions): Promise<RawExchange> {
  const { timeoutMs = 30_000, quietMs = 50, expect = 1, head = false } = options;
  const socket = open(options);
  const { promise, resolve } = Promise.withResolvers<RawExchange['ending']>();
  const deadline = performance.now() + timeoutMs;
  let timer = setTimeout(resolve, timeoutMs, 'open');
  let received: Buffer = Buffer.alloc(0);
  socket.on('data', (chunk) => {
    received = Buffer.concat([received, chunk]);
    const answers = parseAnswers(received, head);
    // one that announces the end of the connection is followed by it, however slow the machine is
    if (countFinal(answers) < expect || answers.at(-1)?.header('connection') === 'close') return;
    clearTimeout(timer);
    timer = setTimeout(resolve, Math.min(quietMs, deadline - performance.now()), 'open');
  });
  socket.once('end', () => resolve('closed'));
  socket.once('error', () => resolve('reset'));
  const ready = options.tls ? 'secureConnect' : 'connect';
  socket.once(ready, () => void writeAll(socket, options));
  const ending = await promise;
  clearTimeout(timer);
  socket.destroy();
  return { answers: parseAnswers(received, head, ending === 'closed'), received, ending };
}

function open(options: RawExchangeOptions): Socket {
  const { port, host = '127.0.0.1', localAddress, tls = false } = options;
  const plain = connect({ port, host, noDelay: true, ...(localAddress && { localAddress }) });
  return tls ? connectTls({ socket: plain, rejectUnauthorized: false }) : plain;
}

/** The final answer (not 1xx) of an exchange, the first when there are several. */
export function finalAnswer(answers: readonly RawAnswer[]): RawAnswer | undefined {
  return answers.find(({ status }) => status >= 200);
}

function countFinal(answers: readonly RawAnswer[]): number {
  return answers.filter(({ status, complete }) => status >= 200 && complete).length;
}

async function writeAll(socket: Socket, { send, halfClose }: RawExchangeOptions): Promise<void> {
  const parts = typeof send === 'string' || Buffer.isBuffer(send) ? [send] : send;
  for (const [index, part] of parts.entries()) {
    if (index > 0) await delay(PAUSE_MS);
    if (socket.destroyed) return;
    await new Promise<unknown>((resolve) => socket.write(part, 'latin1', resolve));
  }
  if (halfClose) socket.end();
}

function parseAnswers(received: Buffer, head: boolean, closed = false): readonly RawAnswer[] {
  const answers: RawAnswer[] = [];
  let rest = received;
  while (rest.length > 0) {
    const bodiless = head || BODILESS.test(rest.toString('latin1', 0, 12));
    const message = readMessage(rest, { bodiless, untilClose: true });
    if (message === undefined) break;
    answers.push(toAnswer(message, closed));
    rest = rest.subarray(message.length);
  }
  return answers;
}

function toAnswer(message: HttpMessage, closed: boolean): RawAnswer {
  const [, status, phrase = ''] = /^HTTP\/1\.[01] (\d{3}) ?(.*)$/.exec(message.startLine) ?? [];
  const { headers, body, complete, untilClose } = message;
  return {
    status: Number(status ?? 0),
    phrase,
    headers,
    body,
    complete: complete || (closed && untilClose),
    header: (name) => headerValues(headers, name)[0],
  };
}
