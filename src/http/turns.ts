import type { Socket } from 'node:net';

/** Something that a connection does after what it was asked before; it says, once or more often, when it has ended. */
type Turn = (end: () => void) => void;

/** Requests that may wait on one connection; a client that pipelines more is cut off. */
const MAX_WAITING = 16;

/** Makes the requests of one connection take turns, in the order in which they came. */
export interface Turns {
  /** Queues a turn, or destroys a connection that has too many. */
  take(socket: Socket, turn: Turn): void;
}

/**
 * Creates the turns of a server's connections. The parser hands over pipelined requests as they
 * come; without turns a PUT and the DELETE behind it would race.
 * @see RFC 9112 section 9.3.2
 */
export function createTurns(): Turns {
  const queues = new WeakMap<Socket, Turn[]>();
  const begin = (socket: Socket, queue: Turn[]): void => {
    const [turn] = queue;
    if (turn === undefined) return;
    const end = (): void => {
      if (queue[0] !== turn) return;
      queue.shift();
      begin(socket, queue);
    };
    // After an answer that closes the connection nothing more is done on it.
    if (socket.writable) turn(end);
    else end();
  };
  return {
    take(socket, turn) {
      let queue = queues.get(socket);
      if (queue === undefined) {
        queue = [];
        queues.set(socket, queue); // once, for all that it will bring
      }
      if (queue.length > MAX_WAITING) {
        socket.destroy();
        return;
      }
      queue.push(turn);
      if (queue.length === 1) begin(socket, queue);
    },
  };
}
