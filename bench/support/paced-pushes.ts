import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { percentile } from './statistics.ts';

/** Pushes at a pace that does not wait for answers. */
export interface PacedLoad {
  /** Of the gateway. */
  readonly url: string;
  readonly path: string;
  readonly authorization: string | undefined;
  readonly body: string;
  readonly perSecond: number;
  readonly seconds: number;
}

const CONNECTIONS = 16;
const HEAD_END = '\r\n\r\n';
/** The answer to a push that was taken, which has no body. */
const TAKEN = /^HTTP\/1\.1 20[0-2] /;

/**
 * Pushes for some time; milliseconds of each push, from when it was due. Throws if one is refused.
 * Made up once and written to bare sockets: a client that works as hard as what is measured would
 * take the processor from it.
 */
export async function pushPaced(load: PacedLoad): Promise<readonly number[]> {
  const { perSecond, seconds } = load;
  const total = perSecond * seconds;
  const { promise: done, resolve, reject } = Promise.withResolvers<void>();
  const took: number[] = [];
  const waiting: number[] = [];
  const request = renderRequest(load);
  const idle = await Promise.all(Array.from({ length: CONNECTIONS }, () => open(load.url)));
  const sockets = [...idle];
  const push = (socket: Socket, dueAt: number): void => {
    socket.write(request);
    let answer = '';
    const take = (part: Buffer): void => {
      answer += part.toString('latin1');
      if (!answer.includes(HEAD_END)) return;
      socket.off('data', take);
      if (!TAKEN.test(answer)) reject(new Error(`a push was answered ${answer}`));
      took.push(performance.now() - dueAt);
      const next = waiting.shift();
      if (next === undefined) idle.push(socket);
      else push(socket, next);
      if (took.length === total) resolve();
    };
    socket.on('data', take);
  };
  for (const socket of sockets) socket.on('close', () => reject(new Error('a connection ended')));
  const began = performance.now();
  for (let begun = 0; begun < total; ) {
    await delay(1);
    const now = performance.now();
    const due = Math.min(total, ((now - began) / 1000) * perSecond);
    for (; begun < due; begun += 1) {
      const socket = idle.pop();
      if (socket === undefined) waiting.push(now);
      else push(socket, now);
    }
  }
  await done;
  for (const socket of sockets) socket.destroy();
  return took;
}

function renderRequest({ url, path, authorization, body }: PacedLoad): Buffer {
  const head = [
    `POST ${path} HTTP/1.1`,
    `host: ${new URL(url).host}`,
    ...(authorization === undefined ? [] : [`authorization: ${authorization}`]),
    `content-length: ${Buffer.byteLength(body)}`,
  ];
  return Buffer.from(head.join('\r\n') + HEAD_END + body);
}

async function open(url: string): Promise<Socket> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname).setNoDelay();
  await once(socket, 'connect');
  return socket;
}

/** The value of a share of each round, as the median of the rounds. */
export function medianOf(rounds: readonly (readonly number[])[], share: number): number {
  return percentile(
    rounds.map((took) => percentile(took, share)),
    0.5,
  );
}
