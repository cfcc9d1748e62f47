import { writeFile } from 'node:fs/promises';
import { Agent, request } from 'node:http';
import { join } from 'node:path';
import { eventually } from '../support/eventually.ts';
import { startRecordingUpstream } from '../support/recording-upstream.ts';
import { startServe } from './serve-process.ts';
import { stageDocument, TOKEN } from './stage.ts';

/**
 * Replaces a gateway by another some times while clients push without a pause, half of them with a
 * new connection for each push. Prints what they were told as JSON.
 *
 * `node rolling-program.ts FOLDER PORT RESTARTS`
 */
export interface RollingResult {
  /** How pushes ended, a status or an error, and how many did so. */
  readonly endings: Readonly<Record<string, number>>;
  /** Pushes that reached the upstream. */
  readonly forwarded: number;
  /** Exit statuses of the gateways that were replaced. */
  readonly codes: readonly (number | null)[];
}

const CLIENTS = 16;
/** Between two restarts. */
const PUSHES = 200;

const [folder = '', port = '', restarts = ''] = process.argv.slice(2);
await using upstream = await startRecordingUpstream();
const config = join(folder, 'pushwarden.yaml');
const document = stageDocument(upstream.url, {
  listen: `127.0.0.1:${port}`,
  admin: { listen: 'off' },
  audit: { file: 'audit.jsonl' },
});
await writeFile(config, JSON.stringify(document));

const endings: Record<string, number> = {};
let isOver = false;
const keepAlive = new Agent({ keepAlive: true });
let gateway = await startServe(config).ready;
const clients = Array.from({ length: CLIENTS }, (_, index) =>
  pushOn(index % 2 === 0 ? keepAlive : new Agent(), `client${index}`),
);
const codes: (number | null)[] = [];
for (let restart = 0; restart < Number(restarts); restart += 1) {
  await pushed(PUSHES);
  const next = startServe(config);
  await next.waits;
  const { code } = await gateway.stop('SIGTERM');
  codes.push(code);
  gateway = await next.ready;
}
await pushed(PUSHES);
isOver = true;
await Promise.all(clients);
keepAlive.destroy();
await gateway.stop('SIGTERM');
const result: RollingResult = { endings, forwarded: upstream.requests.length, codes };
console.log(JSON.stringify(result));

/** Pushes in turns until all is over. */
async function pushOn(agent: Agent, job: string): Promise<void> {
  while (!isOver) {
    const ending = await pushOnce(agent, job);
    endings[ending] = (endings[ending] ?? 0) + 1;
  }
}

/** The status of a push, or the code of its error. */
async function pushOnce(agent: Agent, job: string): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>();
  const headers = { authorization: TOKEN.authorization };
  const target = { host: '127.0.0.1', port, path: `/metrics/job/${job}` };
  const outgoing = request({ ...target, agent, method: 'PUT', headers }, (incoming) => {
    incoming.resume().on('end', () => resolve(String(incoming.statusCode)));
  });
  outgoing.on('error', (error: NodeJS.ErrnoException) => {
    const connection = outgoing.reusedSocket ? 'kept' : 'new';
    resolve(`${error.code ?? error.message} on a ${connection} connection`);
  });
  outgoing.end('rows 1\n');
  return await promise;
}

/** Waits until `count` more pushes have ended. */
async function pushed(count: number): Promise<void> {
  const total = (): number => Object.values(endings).reduce((sum, number) => sum + number, 0);
  const goal = total() + count;
  await eventually(`${count} pushes`, () => (total() >= goal ? true : undefined), 60_000);
}
