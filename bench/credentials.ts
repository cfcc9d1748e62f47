import { readFile } from 'node:fs/promises';
import { setTimeout as wait } from 'node:timers/promises';
import { hashSync } from '@node-rs/bcrypt';
import { Agent, type Dispatcher } from 'undici';
import { createAuthority } from '../test/support/certificates.ts';
import { type GatewayProcess, startGatewayProcess } from '../test/support/gateway.ts';
import { AUDIENCE, goodClaims } from '../test/support/issuer-server.ts';
import { startPushgateway } from '../test/support/pushgateway.ts';
import { createScratch } from '../test/support/scratch.ts';
import { createSigningKey } from '../test/support/signing-key.ts';
import { tokenCredential } from '../test/support/test-credential.ts';
import { readProcessCost } from './support/process-cost.ts';

/**
 * What a push costs in the gateway by the credential that it has, all in one run and in turns, and
 * what a flood of wrong passwords does to pushes of others, and whether an unknown user name can be
 * told from a wrong password by time. Prints medians and ratios to a token.
 *
 * `npm run bench -- credentials [SECONDS] [ROUNDS] [CONNECTIONS]`
 */
const [seconds = 2, rounds = 5, connections = 8] = process.argv.slice(2).map(Number);
const BCRYPT_COST = 12;
const PASSWORD = 'correct horse';
const BODY = '# TYPE bench gauge\nbench{n="1"} 1\nbench{n="2"} 2\n';
const TOKEN = tokenCredential('nightly');
/** More than the gateway remembers. */
const FRESH_TOKENS = 6000;

/** A way to prove who sends a push. */
interface Scheme {
  readonly name: string;
  readonly gateway: GatewayProcess;
  readonly dispatcher: Dispatcher;
  /** Undefined for a certificate. */
  readonly authorization: () => string | undefined;
}

await using stack = new AsyncDisposableStack();
const scratch = stack.use(await createScratch());
const upstream = stack.use(
  await startPushgateway({ version: '1.11', args: ['--push.disable-consistency-check'] }),
);
const key = await createSigningKey('k', 'RS256');
const servers = createAuthority(scratch.path, 'servers');
const clients = createAuthority(scratch.path, 'clients');
const own = servers.issue('server', { san: 'DNS:localhost' });
const clear = stack.use(await startGatewayProcess(await renderDocument()));
const tls = stack.use(
  await startGatewayProcess({
    ...(await renderDocument([{ type: 'certificate', name: 'edge', san: 'edge.example' }])),
    tls: { cert_file: own.cert, key_file: own.key, client_ca_file: clients.cert },
  }),
);
await compareSchemes(await listSchemes());
await measureFlood();
await measureUnknown();

async function renderDocument(more: readonly object[] = []) {
  const file = await scratch.write(
    'users',
    'apr:$apr1$/YFKWFom$U3zoQd.Y48yS9bjgv96q1.\n', // of PASSWORD
  );
  const jwksFile = await scratch.write('keys.json', JSON.stringify({ keys: [key.publicJwk] }));
  const issuer = { issuer: 'https://ci.example', audience: AUDIENCE, jwks_file: jwksFile };
  const hash = hashSync(PASSWORD, { cost: BCRYPT_COST });
  const credentials = [
    TOKEN.spec,
    { type: 'basic', username: 'ann', password_hash: hash },
    { type: 'htpasswd', name: 'old', file },
    { type: 'jwt', name: 'build', issuer: 'ci', claims: { sub: 'repo:acme/*' } },
    ...more,
  ];
  const limits = { rate: '1000000/s', burst: 1_000_000, concurrent: 10_000 };
  return {
    upstream: { url: upstream.url },
    failures: { per: '1s', limit: 1_000_000 },
    issuers: { ci: issuer },
    teams: { bench: { jobs: ['*'], limits, credentials } },
  };
}

async function listSchemes(): Promise<readonly Scheme[]> {
  const claims = goodClaims('https://ci.example', { exp: Math.floor(Date.now() / 1000) + 3000 });
  const jwt = await key.sign(claims);
  const fresh = await Promise.all(
    Array.from({ length: FRESH_TOKENS }, (_, jti) => key.sign({ ...claims, jti: String(jti) })),
  );
  let next = 0;
  const plain = openAgent();
  const ca = await readFile(servers.cert);
  const edge = clients.issue('edge', { san: 'DNS:edge.example' });
  const [cert, certKey] = await Promise.all([readFile(edge.cert), readFile(edge.key)]);
  const over = (connect: object) => openAgent({ ca, servername: 'localhost', ...connect });
  const basic = (username: string, password: string) => `Basic ${btoa(`${username}:${password}`)}`;
  const inClear = (name: string, authorization: () => string): Scheme => {
    return { name, gateway: clear, dispatcher: plain, authorization };
  };
  return [
    inClear('token', () => TOKEN.authorization),
    inClear('token as Basic', () => basic('nightly', TOKEN.secret)),
    inClear(`basic, bcrypt ${BCRYPT_COST}`, () => basic('ann', PASSWORD)),
    inClear('htpasswd, $apr1$', () => basic('apr', PASSWORD)),
    inClear('jwt, the same again', () => `Bearer ${jwt}`),
    inClear('jwt as Basic', () => basic('build', jwt)),
    inClear('jwt, always another', () => `Bearer ${fresh[next++ % FRESH_TOKENS]}`),
    {
      name: 'token over TLS',
      gateway: tls,
      dispatcher: over({}),
      authorization: () => TOKEN.authorization,
    },
    {
      name: 'certificate',
      gateway: tls,
      dispatcher: over({ cert, key: certKey }),
      authorization: () => undefined,
    },
  ];
}

function openAgent(connect: object = {}, count = connections): Agent {
  return stack.adopt(new Agent({ connections: count, connect }), (agent) => agent.close());
}

/** Pushes for some time over all connections; what the gateway used for each push. */
async function measure(scheme: Scheme, duration: number): Promise<number> {
  const end = performance.now() + duration * 1000;
  const before = readProcessCost(scheme.gateway.pid);
  const counts = await Promise.all(
    Array.from({ length: connections }, async () => {
      let pushes = 0;
      for (; performance.now() < end; pushes += 1) await pushOnce(scheme);
      return pushes;
    }),
  );
  const after = readProcessCost(scheme.gateway.pid);
  const pushes = counts.reduce((sum, count) => sum + count, 0);
  return (after.cpuMicroseconds - before.cpuMicroseconds) / pushes;
}

/** @returns milliseconds until the answer */
async function pushOnce({ name, gateway, dispatcher, authorization }: Scheme): Promise<number> {
  const value = authorization();
  const begun = performance.now();
  const answer = await dispatcher.request({
    origin: gateway.url,
    path: '/metrics/job/bench',
    method: 'PUT',
    headers: value === undefined ? {} : { authorization: value },
    body: BODY,
  });
  await answer.body.dump();
  if (answer.statusCode >= 300) throw new Error(`${name}: ${answer.statusCode}`);
  return performance.now() - begun;
}

async function compareSchemes(schemes: readonly Scheme[]): Promise<void> {
  const measured = new Map<string, number[]>(schemes.map(({ name }) => [name, []]));
  for (const scheme of schemes) await measure(scheme, 1);
  for (let round = 0; round < rounds; round += 1) {
    for (const scheme of schemes) measured.get(scheme.name)?.push(await measure(scheme, seconds));
  }
  const base = median(measured.get('token') ?? []);
  const rows = [...measured].map(([name, runs]) => ({
    credential: name,
    'CPU us/push': median(runs).toFixed(0),
    spread: `${Math.min(...runs).toFixed(0)}-${Math.max(...runs).toFixed(0)}`,
    'ratio to token': (median(runs) / base).toFixed(2),
  }));
  console.log(`${rounds} rounds of ${seconds} s in turns, ${connections} connections, medians`);
  console.table(rows);
}

/** Latency of one client with a token, alone and beside a flood of wrong passwords. */
async function measureFlood(): Promise<void> {
  const dispatcher = openAgent();
  const scheme = {
    name: 'token',
    gateway: clear,
    dispatcher,
    authorization: () => TOKEN.authorization,
  };
  const flooder = openAgent({}, 64);
  const quiet = await listLatencies(scheme);
  let isOver = false;
  let refusals = 0;
  const flood = Array.from({ length: 64 }, async (_, index) => {
    for (let attempt = 0; !isOver; attempt += 1) {
      const authorization = `Basic ${btoa(`user${index}.${attempt}:wrong`)}`;
      await refuseOnce(flooder, authorization);
      refusals += 1;
      await wait(10);
    }
  });
  const flooded = await listLatencies(scheme);
  isOver = true;
  await Promise.all(flood);
  console.log('latency of a push with a token, 1 connection, ms');
  console.table({ alone: summarize(quiet), 'under wrong passwords': summarize(flooded) });
  console.log(`${refusals} wrong passwords were refused meanwhile`);
}

/** Refusals of wrong passwords in turns, for a name that is known and for one that is not. */
async function measureUnknown(): Promise<void> {
  const dispatcher = openAgent();
  const latencies = { known: [] as number[], unknown: [] as number[] };
  for (let attempt = 0; attempt < 20 * seconds; attempt += 1) {
    for (const [kind, username] of [
      ['known', 'ann'],
      ['unknown', `eve${attempt}`],
    ] as const) {
      const authorization = `Basic ${btoa(`${username}:wrong ${attempt}`)}`;
      latencies[kind].push(await refuseOnce(dispatcher, authorization));
    }
  }
  console.log(`latency of a wrong password, bcrypt ${BCRYPT_COST} and $apr1$ among the known, ms`);
  console.table({ known: summarize(latencies.known), unknown: summarize(latencies.unknown) });
}

/** @returns milliseconds until the answer */
async function refuseOnce(dispatcher: Dispatcher, authorization: string): Promise<number> {
  const begun = performance.now();
  const { body } = await dispatcher.request({
    origin: clear.url,
    path: '/metrics/job/bench',
    method: 'PUT',
    headers: { authorization },
    body: BODY,
  });
  await body.dump();
  return performance.now() - begun;
}

async function listLatencies(scheme: Scheme): Promise<readonly number[]> {
  const latencies: number[] = [];
  const end = performance.now() + 2 * seconds * 1000;
  while (performance.now() < end) latencies.push(await pushOnce(scheme));
  return latencies;
}

function summarize(values: readonly number[]) {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (share: number): string => (sorted[Math.floor(share * sorted.length)] ?? 0).toFixed(2);
  return { count: values.length, p10: at(0.1), p50: at(0.5), p90: at(0.9), p99: at(0.99) };
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}
