import type { Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import type { RecordedRequest } from './recorded-request.ts';

/** What the recording upstream does with a request that arrived in full. */
export type Behaviour = (socket: Socket, request: RecordedRequest) => void | Promise<void>;

/** Answers as a healthy Pushgateway: 200 to a push, 202 to a delete, a small scrape to a read. */
export const accept: Behaviour = (socket, request) => {
  if (request.method === 'DELETE') socket.write(answer('202 Accepted'));
  else if (request.method === 'GET') socket.write(answer('200 OK', 'up_to_date 1\n'));
  else socket.write(answer('200 OK'));
};

/** Never answers. */
export const hang: Behaviour = () => undefined;

/** Resets the connection before a byte of the answer. */
export const reset: Behaviour = (socket) => void socket.resetAndDestroy();

/** Closes the connection before a byte of the answer. */
export const close: Behaviour = (socket) => void socket.end();

/** Writes `bytes` and keeps the connection. */
export function reply(bytes: string): Behaviour {
  return (socket) => void socket.write(bytes, 'latin1');
}

/** Answers with a status line of its own, such as `099 Odd`, and no body. */
export function replyStatus(statusLine: string, headers: readonly string[] = []): Behaviour {
  return reply(answer(statusLine, '', headers));
}

/** Writes `bytes`, then resets the connection. */
export function replyThenReset(bytes: string): Behaviour {
  return (socket) => void socket.write(bytes, 'latin1', () => socket.resetAndDestroy());
}

/** Writes `bytes`, then closes the connection. */
export function replyThenClose(bytes: string): Behaviour {
  return (socket) => void socket.end(bytes, 'latin1');
}

/** Writes `bytes` one at a time, `everyMs` apart. */
export function trickle(bytes: string, everyMs: number): Behaviour {
  return async (socket) => {
    for (const byte of bytes) {
      if (socket.destroyed) return;
      socket.write(byte, 'latin1');
      await delay(everyMs);
    }
  };
}

/** Answers by `first`, then closes the connection as soon as it is idle. */
export function closeWhenIdle(first: Behaviour = accept): Behaviour {
  return async (socket, request) => {
    await first(socket, request);
    socket.end();
  };
}

/** A whole answer with the body's length declared. */
export function answer(statusLine: string, body = '', headers: readonly string[] = []): string {
  const lines = [
    `HTTP/1.1 ${statusLine}`,
    ...headers,
    `Content-Length: ${Buffer.byteLength(body)}`,
  ];
  return `${lines.join('\r\n')}\r\n\r\n${body}`;
}
