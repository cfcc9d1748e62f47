import { readFile } from 'node:fs/promises';
import { hashSync } from '@node-rs/bcrypt';
import { Agent, type Dispatcher } from 'undici';
import { createAuthority } from '../test/support/certificates.ts';
import { type GatewayProcess, startGatewayProcess } from '../test/support/gateway.ts';
import { AUDIENCE, goodClaims } from '../test/support/issuer-server.ts';
import { startPushgateway } from '../test/support/pushgateway.ts';
import { createScratch } from '../test/support/scratch.ts';
import { createSigningKey } from '../test/support/signing-key.ts';
import { tokenCredential } from '../test/support/test-credential.ts';
import { startFlood } from './support/flood.ts';
import { renderTable } from './support/markdown-table.ts';
import { readProcessCost } from './support/process-cost.ts';
import { renderSpread } from './support/statistics.ts';

/**
 * What a push costs in the gateway by the credential that it has, all in one run and in turns, and
 * what floods of wrong credentials do to pushes of others, and whether an unknown user name can be
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
const FLOOD = { parallel: 64, pauseMs: 10 } as const;

/** A way to prove who sends a push. */
interface Scheme {
  readonly name: string;
  readonly gateway: GatewayProcess;
  readonly dispatcher: Dispatcher;
  /** Undefined for a certificate. */
  readonly authorization: () => string | undefined;
}

/** What is refused, again and again. */
interface Refused {
  readonly name: string;
  /** @param id - another for each request */
  readonly authorization: (id: string) => string;
}

await using stack = new AsyncDisposableStack();
const scratch = stack.use(await createScratch());
const upstream = stack.use(
  await startPushgateway({ version: '1.11', args: ['--push.disable-consistency-check'] }),
);
const key = await createSigningKey('k', 'RS256');
const ellipticKey = await createSigningKey('e', 'ES256');
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
const plain = openAgent();
await compareSchemes(await listSchemes());
await measureFloods(await listFloods());
await measureUnknown();

async function renderDocument(more: readonly object[] = []) {
  const file = await scratch.write(
    'users',
    'apr:$apr1$/YFKWFom$U3zoQd.Y48yS9bjgv96q1.\n', // of PASSWORD
  );
  const jwksFile = await scratch.write(
    'keys.json',
    JSON.stringify({ keys: [key.publicJwk, ellipticKey.publicJwk] }),
  );
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
  const ca = await readFile(servers.cert);
  const edge = clients.issue('edge', { san: 'DNS:edge.example' });
  const [cert, certKey] = await Promise.all([readFile(edge.cert), readFile(edge.key)]);
  const over = (connect: object) => openAgent({ ca, servername: 'localhost', ...connect });
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

function inClear(name: string, authorization: () => string): Scheme {
  return { name, gateway: clear, dispatcher: plain, authorization };
}

function basic(username: string, password: string): string {
  return `Basic ${btoa(`${username}:${password}`)}`;
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
    'CPU us': median(runs).toFixed(0),
    spread: renderSpread(runs),
    'to a token': (median(runs) / base).toFixed(2),
  }));
  console.log(`${rounds} rounds of ${seconds} s in turns, ${connections} connections, medians`);
  console.log(`\n${renderTable(rows)}\n`);
}

/** Latency of one client with a token, alone and beside floods of what is refused, in turns. */
async function measureFloods(floods: readonly Refused[]): Promise<void> {
  const scheme: Scheme = {
    ...inClear('token', () => TOKEN.authorization),
    dispatcher: openAgent(),
  };
  const flooder = openAgent({}, FLOOD.parallel);
  const cases = [undefined, ...floods].map((flood) => {
    return { flood, latencies: [] as number[], refused: [] as number[], cost: [] as number[] };
  });
  for (let round = 0; round < rounds; round += 1) {
    for (const { flood, latencies, refused, cost } of cases) {
      const before = readProcessCost(clear.pid).cpuMicroseconds;
      const run = flood && startFlood((id) => refuseOnce(flooder, flood.authorization(id)), FLOOD);
      latencies.push(...(await listLatencies(scheme)));
      refused.push(run?.count() ?? 0);
      cost.push((readProcessCost(clear.pid).cpuMicroseconds - before) / (run?.count() ?? 1));
      await run?.end();
    }
  }
  console.log(
    `latency of a push with a token, ms, beside ${FLOOD.parallel} connections of each flood`,
  );
  const rows = cases.map(({ flood, latencies, refused, cost }) => ({
    beside: flood?.name ?? 'nothing',
    pushes: latencies.length,
    ...summarize(latencies),
    'refused/s': flood ? (median(refused) / seconds).toFixed(0) : '',
    'CPU ms/refusal': flood ? (median(cost) / 1000).toFixed(2) : '',
  }));
  console.log(`\n${renderTable(rows)}\n`);
}

async function listFloods(): Promise<readonly Refused[]> {
  const claims = goodClaims('https://ci.example');
  const forged = await Promise.all(
    [key, ellipticKey].map(async ({ publicJwk: { alg, kid } }): Promise<Refused> => {
      // Well-formed, and of a key that the issuer has: the signature has to be looked at.
      const token = await (await createSigningKey(kid ?? '', alg)).sign(claims);
      return { name: `forged JWTs, ${alg}`, authorization: () => `Bearer ${token}` };
    }),
  );
  return [
    { name: 'unknown tokens', authorization: (id) => `Bearer unknown-${id}` },
    ...forged,
    { name: 'wrong passwords', authorization: (id) => basic(`user${id}`, 'wrong') },
  ];
}

/** Refusals of wrong passwords in turns, for names that are known and for some that are not. */
async function measureUnknown(): Promise<void> {
  const dispatcher = openAgent();
  const latencies = { known: [] as number[], unknown: [] as number[] };
  for (let attempt = 0; attempt < 20 * seconds; attempt += 1) {
    for (const [kind, username] of [
      ['known', attempt % 2 === 0 ? 'ann' : 'apr'],
      ['unknown', `eve${attempt}`],
    ] as const) {
      latencies[kind].push(await refuseOnce(dispatcher, basic(username, `wrong ${attempt}`)));
    }
  }
  console.log(`latency of a wrong password, ms, where one of two users has bcrypt ${BCRYPT_COST}`);
  const rows = Object.entries(latencies).map(([name, values]) => {
    return { 'user name': name, refusals: values.length, ...summarize(values) };
  });
  console.log(`\n${renderTable(rows)}`);
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
  const end = performance.now() + seconds * 1000;
  while (performance.now() < end) latencies.push(await pushOnce(scheme));
  return latencies;
}

function summarize(values: readonly number[]) {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (share: number): string => (sorted[Math.floor(share * sorted.length)] ?? 0).toFixed(2);
  return { 'p50 ms': at(0.5), 'p90 ms': at(0.9), 'p99 ms': at(0.99) };
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}
