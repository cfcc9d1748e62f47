import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { isDeepStrictEqual } from 'node:util';
import { eventually } from '../support/eventually.ts';
import { startListeningProcess } from '../support/listening-process.ts';
import { startPushgateway } from '../support/pushgateway.ts';
import { startRedis } from '../support/redis-server.ts';
import { createScratch } from '../support/scratch.ts';
import { tokenCredential } from '../support/test-credential.ts';

/**
 * Cuts one of three gateways off from Redis, with packets that are lost and not refused, for longer
 * than its lease; to Pushgateway it has another way. Runs in a network namespace of its own, where
 * it makes another one for that gateway, and one for the switch between them. Prints what came of it as JSON.
 */
export interface PartitionResult {
  /** What pushes through the gateway were told while it was cut off, and after how many ms. */
  readonly refused: readonly { readonly verdict: string; readonly ms: number }[];
  /** What the push was told that it had under way. */
  readonly underWay: string;
  /** What the others told a push that has to wait for the place of that one. */
  readonly others: { readonly before: string; readonly after: string; readonly ms: number };
  /** What a push through another one was told while it was cut off. */
  readonly meanwhile: string;
  /** How long after the network was back until it took a push again. */
  readonly backMs: number;
  readonly areAlike: boolean;
}

const TOKEN = tokenCredential('etl');
const PLACES = tokenCredential('places');
const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url));
const CUT_MS = 6800;
/** The way to Redis alone, and the one for everything else. */
const [REDIS_HOST, HOST, FAR_HOST] = ['10.2.0.1', '10.1.0.1', '10.1.0.2'];

/** A network namespace of its own, which ends with this process. */
interface Namespace {
  readonly pid: string;
  /** What to begin a command with that is run inside. */
  readonly inside: readonly string[];
  ip(line: string): void;
}

await using stack = new AsyncDisposableStack();
const [far, between] = [await openNamespace(), await openNamespace()];
const ip = (line: string): void => void execFileSync('ip', line.split(' '));
ip(`link add near1 type veth peer far1 netns ${far.pid}`);
ip(`link add near2 type veth peer middle1 netns ${between.pid}`);
far.ip(`link add far2 type veth peer middle2 netns ${between.pid}`);
between.ip('link add switch type bridge');
for (const port of ['middle1', 'middle2']) between.ip(`link set ${port} master switch up`);
between.ip('link set switch up');
ip(`address add ${HOST}/24 dev near1`);
ip(`address add ${REDIS_HOST}/24 dev near2`);
far.ip(`address add ${FAR_HOST}/24 dev far1`);
far.ip('address add 10.2.0.2/24 dev far2');
for (const link of ['near1', 'near2']) ip(`link set ${link} up`);
for (const link of ['lo', 'far1', 'far2']) far.ip(`link set ${link} up`);

const scratch = stack.use(await createScratch());
const redis = stack.use(
  await startRedis({ args: ['--bind', REDIS_HOST, '--protected-mode', 'no'] }),
);
const pushgateway = stack.use(await startPushgateway({ version: '1.5', host: HOST }));
const teams = [
  ['etl', TOKEN, { rate: '10000/s', burst: 10_000 }],
  ['places', PLACES, { concurrent: 1, wait: '100ms' }],
] as const;
const document = {
  listen: '127.0.0.1:0',
  admin: { listen: '127.0.0.1:0' },
  upstream: { url: pushgateway.url, timeout: '20s' },
  state: { url: `redis://${REDIS_HOST}:${redis.port}` },
  audit: { file: join(scratch.path, 'audit-%i.jsonl') },
  teams: Object.fromEntries(
    teams.map(([name, { spec }, limits]) => [
      name,
      { jobs: [`${name}*`], allow: ['push', 'read'], credentials: [spec], limits },
    ]),
  ),
};
const near = await scratch.write('near.yaml', JSON.stringify(document));
const beyond = { ...document, listen: `${FAR_HOST}:0`, admin: { listen: `${FAR_HOST}:0` } };
const distant = await scratch.write('far.yaml', JSON.stringify(beyond));
const [cut, ...others] = await Promise.all([
  startGateway('a', distant, far.inside),
  startGateway('b', near),
  startGateway('c', near),
]);
for (const gateway of [cut, ...others]) {
  await eventually(
    'it takes pushes',
    async () => (await push(gateway)).startsWith('200') || undefined,
  );
}

process.kill(pushgateway.pid, 'SIGSTOP');
const sent = push(cut, 'places_a', PLACES);
await delay(500); // it is under way
between.ip('link set middle1 nomaster'); // what comes is lost
const cutAt = performance.now();
process.kill(pushgateway.pid, 'SIGCONT');
const underWay = await sent;
const waiting = waitForPlace();
const refused: { verdict: string; ms: number }[] = [];
while (performance.now() - cutAt < CUT_MS) {
  const askedAt = performance.now();
  const verdict = await push(cut);
  refused.push({ verdict, ms: performance.now() - askedAt });
  await delay(250);
}
const free = await waiting;
const [other = cut] = others;
const meanwhile = await push(other, 'etl_meanwhile');

between.ip('link set middle1 master switch');
const upAt = performance.now();
await eventually(
  'it takes pushes again',
  async () => (await push(cut, 'etl_back')).startsWith('20') || undefined,
);
const backMs = performance.now() - upAt;
const areAlike = await eventually('all know the same', async () => {
  const [first, ...rest] = await Promise.all([cut, ...others].map(readGroups));
  return rest.every((one) => isDeepStrictEqual(one, first)) || undefined;
});
const result: PartitionResult = { refused, underWay, others: free, meanwhile, backMs, areAlike };
console.log(JSON.stringify(result));

async function openNamespace(): Promise<Namespace> {
  const child = spawn('setpriv', ['--pdeathsig', 'KILL', 'unshare', '--net', 'sleep', '600']);
  stack.defer(() => void child.kill('SIGKILL'));
  await once(child, 'spawn');
  await delay(200); // it has its namespace
  const pid = String(child.pid);
  const inside = ['nsenter', '--target', pid, '--net'] as const;
  const [command, ...args] = inside;
  const run = (line: string) => void execFileSync(command, [...args, 'ip', ...line.split(' ')]);
  return { pid, inside, ip: run };
}

interface Addresses {
  readonly url: string;
  readonly adminUrl: string;
}

async function startGateway(
  name: string,
  config: string,
  wrapper: readonly string[] = [],
): Promise<Addresses> {
  const [command, ...args] = [...wrapper, process.execPath, MAIN, 'serve', '--config', config];
  const { ready } = stack.use(
    await startListeningProcess({
      command: command ?? '',
      args: [...args, '--instance', name],
      ready: ({ msg, listen, admin }) =>
        msg === 'ready' ? { url: String(listen), adminUrl: String(admin) } : undefined,
    }),
  );
  return ready;
}

/** The first word of an answer and its status: `503 state_unavailable`. */
async function push({ url }: Addresses, job = 'etl', { authorization } = TOKEN): Promise<string> {
  const options = { method: 'PUT', headers: { authorization }, body: `of_${job} 1\n` };
  const answer = await fetch(`${url}/metrics/job/${job}`, options);
  return `${answer.status} ${(await answer.text()).split(':')[0]}`.trim();
}

async function waitForPlace(): Promise<PartitionResult['others']> {
  const [gateway = cut] = others;
  const before = await push(gateway, 'places_b', PLACES);
  const beganAt = performance.now();
  const after = await eventually('a place', async () => {
    const verdict = await push(gateway, 'places_b', PLACES);
    return verdict === before ? undefined : verdict;
  });
  return { before, after, ms: performance.now() - beganAt };
}

async function readGroups({ adminUrl }: Addresses): Promise<unknown> {
  return await (await fetch(`${adminUrl}/-/groups`)).json();
}
