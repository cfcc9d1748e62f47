import { connect, type Socket } from 'node:net';
import { setTimeout } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';

/**
 * Attacks a port of this machine from a process of its own, over some connections, and ends by
 * itself: `node attack.ts '{"kind":"chunks-without-credential","port":9091,…}'`. Prints how many
 * answers came back.
 */
export interface Attack {
  readonly kind: AttackKind;
  readonly port: number;
  readonly connections: number;
  readonly seconds: number;
  /** `Authorization` of a team that attacks. */
  readonly authorization: string;
  /** A token of a known issuer, without its signature. */
  readonly unsigned: string;
}

export type AttackKind = keyof typeof PAYLOADS;

/** The request that a connection sends again and again; `id` is another for each. */
type Payload = (attack: Attack) => (id: string) => Buffer;

const CHUNKED = 'Transfer-Encoding: chunked';
const MEBIBYTE = 1024 * 1024;

const PAYLOADS = {
  'chunks-without-credential': fixed(() => [head('PUT /metrics/job/a', CHUNKED), chunks(42_000)]),
  'chunks-at-healthy': fixed(() => [head('GET /-/healthy', CHUNKED), chunks(42_000)]),
  'chunks-of-a-team': fixed(({ authorization }) => [
    head('PUT /metrics/job/h', `Authorization: ${authorization}`, CHUNKED),
    chunks(200_000),
  ]),
  'escaped-values': fixed(({ authorization }) =>
    gzipped(authorization, `rows{a="${'\\n'.repeat(500)}"} 1\n`),
  ),
  'many-label-names': fixed(({ authorization }) => {
    const labels = Array.from({ length: 30 }, (_, index) => `label_${index}="${index}"`).join();
    return gzipped(authorization, `rows{${labels}} 1\n`);
  }),
  'many-families': fixed(({ authorization }) => {
    const body = Array.from({ length: 10_000 }, (_, index) => `m${index} 1\n`).join('');
    const login = `Authorization: ${authorization}`;
    const length = `Content-Length: ${body.length}`;
    return [head('PUT /metrics/job/h', login, length), Buffer.from(body)];
  }),
  'body-without-credential': fixed(() => [
    head('PUT /metrics/job/a', `Content-Length: ${MEBIBYTE / 4}`),
    Buffer.alloc(MEBIBYTE / 4, '#'),
  ]),
  'unknown-tokens': () => (id) => head('PUT /metrics/job/a', `Authorization: Bearer ${id}`),
  'large-headers': fixed(() => [head('PUT /metrics/job/a', `X: ${'x'.repeat(15_000)}`)]),
  'many-headers': fixed(() => [
    head(
      'PUT /metrics/job/a',
      ...Array.from({ length: 190 }, (_, i) => `X-${i}: ${'x'.repeat(60)}`),
    ),
  ]),
  'forged-tokens':
    ({ unsigned }) =>
    (id) => {
      const signature = Buffer.alloc(256, id).toString('base64url');
      return head('PUT /metrics/job/a', `Authorization: Bearer ${unsigned}.${signature}`);
    },
  'unknown-users': () => (id) => {
    const login = Buffer.from(`nobody-${id}:x`).toString('base64');
    return head('PUT /metrics/job/a', `Authorization: Basic ${login}`);
  },
} as const satisfies Record<string, Payload>;

function fixed(render: (attack: Attack) => readonly Buffer[]): Payload {
  return (attack) => {
    const bytes = Buffer.concat(render(attack));
    return () => bytes;
  };
}

function head(line: string, ...headers: readonly string[]): Buffer {
  return Buffer.from([`${line} HTTP/1.1`, 'Host: gateway', ...headers, '', ''].join('\r\n'));
}

function chunks(count: number): Buffer {
  return Buffer.from(`${'1\r\n#\r\n'.repeat(count)}0\r\n\r\n`);
}

/** 8 MiB of a line, compressed. */
function gzipped(authorization: string, line: string): readonly Buffer[] {
  const body = gzipSync(line.repeat(Math.floor((8 * MEBIBYTE - 1) / line.length)));
  const login = `Authorization: ${authorization}`;
  const length = `Content-Length: ${body.byteLength}`;
  return [head('PUT /metrics/job/h', login, 'Content-Encoding: gzip', length), body];
}

async function run(attack: Attack): Promise<number> {
  const render = PAYLOADS[attack.kind](attack);
  const end = performance.now() + attack.seconds * 1000;
  let answers = 0;
  const attackOnce = async (name: number): Promise<void> => {
    let socket: Socket | undefined;
    for (let round = 0; performance.now() < end; round += 1) {
      if (socket === undefined || socket.destroyed || !socket.writable) socket = open(attack.port);
      if (await ask(socket, render(`${name}.${round}`))) answers += 1;
    }
    socket?.destroy();
  };
  const attacks = Array.from({ length: attack.connections }, (_, name) => attackOnce(name));
  // some answers may be a long time coming
  await Promise.race([Promise.all(attacks), setTimeout(attack.seconds * 1000)]);
  return answers;
}

function open(port: number): Socket {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  return socket.on('error', () => socket.destroy());
}

/** Sends a request; whether an answer came before the connection ended. */
function ask(socket: Socket, bytes: Buffer): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const take = (part: Buffer): void => {
    if (/^connection: close\r$/im.test(part.toString('latin1'))) socket.destroy();
    settle(true);
  };
  const close = (): void => settle(false);
  const settle = (isAnswered: boolean): void => {
    socket.off('data', take).off('close', close);
    resolve(isAnswered);
  };
  socket.on('data', take).on('close', close);
  socket.write(bytes);
  return promise;
}

const [argument] = process.argv.slice(2);
if (argument !== undefined) {
  const attack: Attack = JSON.parse(argument); // as `abuse.ts` has rendered it
  console.log(await run(attack));
  process.exit();
}
