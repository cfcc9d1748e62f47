import type { IncomingMessage } from 'node:http';
import type { Relay } from './relay.ts';

/**
 * Frees what an answer was read into as soon as it has been relayed, where the collector would have
 * to find it: for megabytes of it the collector stops everything else, again and again.
 */
export function freeChunks(answer: IncomingMessage, { sink, taken }: Relay): void {
  const { socket } = answer;
  /** With how much of the answer has to be taken before nothing of the chunk is needed. */
  const chunks: { readonly chunk: Buffer; readonly end: number }[] = [];
  const free = (chunk: Buffer): void => {
    chunks.push({ chunk, end: taken() + sink.writableLength + answer.readableLength });
    const needed = chunks.findIndex(({ end }) => end > taken());
    for (const used of chunks.splice(0, needed === -1 ? chunks.length : needed)) {
      freeMemory(used.chunk);
    }
  };
  socket.on('data', free); // behind the parser's own listener
  answer.once('close', () => socket.off('data', free));
}

function freeMemory({ buffer, byteLength }: Buffer): void {
  const isAlone = buffer instanceof ArrayBuffer && buffer.byteLength === byteLength;
  if (isAlone) buffer.transfer(0);
}
