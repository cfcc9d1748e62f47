import { Agent, request } from 'node:http';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { eventually } from '../support/eventually.ts';
import { startPushgateway } from '../support/pushgateway.ts';
import { startRedis } from '../support/redis-server.ts';
import { createScratch } from '../support/scratch.ts';
import { startServe } from './serve-process.ts';
import { stageDocument, TOKEN } from './stage.ts';
import { startTcpBalancer } from './tcp-balancer.ts';

/**
 * Replaces three gateways, one after the other, while clients push without a pause, half of them
 * with a new connection for each push. All of them are on one port, or on 9101, 9102 and 9103 behind
 * a balancer. Prints what clients were told as JSON.
 *
 * `node rolling-gateways-program.ts PORT [balanced]`
 */
export interface RollingGatewaysResult {
  /** How pushes ended, a status or an error, and how many did so. */
  readonly endings: Readonly<Record<string, number>>;
  /** Of a push, in ms. */
  readonly longestMs: number;
  /** Exit statuses of the gateways that were replaced. */
  readonly codes: readonly (number | null)[];
}

const GATEWAYS = ['1', '2', '3'];
const CLIENTS = 8;
/** Pushes between two replacements. */
const PUSHES = 100;

const [port = '', how] = process.argv.slice(2);
await using stack = new AsyncDisposableStack();
const scratch = stack.use(await createScratch());
const redis = stack.use(await startRedis());
const args = ['--push.disable-consistency-check'];
const upstream = stack.use(await startPushgateway({ version: '1.5', args }));
const document = stageDocument(upstream.url, {
  ...(how === undefined
    ? { listen: `127.0.0.1:${port}`, server: { reuse_port: true } }
    : { listen: '127.0.0.1:910%i' }),
  admin: { listen: '127.0.0.1:0' },
  state: { url: redis.url },
  audit: { file: join(scratch.path, 'audit-%i.jsonl') },
});
const config = await scratch.write('pushwarden.yaml', JSON.stringify(document));

const endings: Record<string, number> = {};
let [longestMs, isOver] = [0, false];
const start = (name: string) => startServe(config, [], ['--instance', name]).ready;
const gateways = await Promise.all(GATEWAYS.map(start));
await delay(500); // all have joined
if (how === 'balanced') stack.use(await startTcpBalancer(Number(port), [9101, 9102, 9103]));
const keepAlive = new Agent({ keepAlive: true });
const clients = Array.from({ length: CLIENTS }, (_, index) =>
  pushOn(index % 2 === 0 ? keepAlive : new Agent(), `client${index}`),
);
const codes: (number | null)[] = [];
for (const [index, name] of GATEWAYS.entries()) {
  await pushed(PUSHES);
  const { code } = (await gateways[index]?.stop('SIGTERM')) ?? { code: null };
  codes.push(code);
  gateways[index] = await start(name);
}
await pushed(PUSHES);
isOver = true;
await Promise.all(clients);
keepAlive.destroy();
await Promise.all(gateways.map((gateway) => gateway.stop('SIGTERM')));
const result: RollingGatewaysResult = { endings, longestMs, codes };
console.log(JSON.stringify(result));

/** Pushes in turns until all is over. */
async function pushOn(agent: Agent, job: string): Promise<void> {
  while (!isOver) {
    const beganAt = performance.now();
    const ending = await pushOnce(agent, job);
    longestMs = Math.max(longestMs, performance.now() - beganAt);
    endings[ending] = (endings[ending] ?? 0) + 1;
    await delay(10);
  }
}

/** The status of a push, or the code of its error. */
async function pushOnce(agent: Agent, job: string): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>();
  const headers = { authorization: TOKEN.authorization };
  const target = { host: '127.0.0.1', port, path: `/metrics/job/${job}` };
  const outgoing = request({ ...target, agent, method: 'PUT', headers }, (incoming) => {
    let text = '';
    incoming.setEncoding('utf8').on('data', (piece) => {
      text += piece;
    });
    const status = incoming.statusCode ?? 0;
    incoming.on('end', () => resolve(status < 300 ? String(status) : `${status} ${text}`));
  });
  outgoing.on('error', (error: NodeJS.ErrnoException) => {
    const connection = outgoing.reusedSocket ? 'kept' : 'new';
    resolve(`${error.code ?? error.message} on a ${connection} connection`);
  });
  outgoing.end(`of_${job} 1\n`);
  return await promise;
}

/** Waits until `count` more pushes have ended. */
async function pushed(count: number): Promise<void> {
  const total = (): number => Object.values(endings).reduce((sum, number) => sum + number, 0);
  const goal = total() + count;
  await eventually(`${count} pushes`, () => (total() >= goal ? true : undefined), 60_000);
}
