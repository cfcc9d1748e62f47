import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { hashSync } from '@node-rs/bcrypt';
import { Agent, type Dispatcher } from 'undici';
import { type GatewayProcess, startGatewayProcess } from '../test/support/gateway.ts';
import { AUDIENCE, goodClaims } from '../test/support/issuer-server.ts';
import { startPushgateway } from '../test/support/pushgateway.ts';
import { createScratch } from '../test/support/scratch.ts';
import { createSigningKey } from '../test/support/signing-key.ts';
import { tokenCredential } from '../test/support/test-credential.ts';
import type { Attack, AttackKind } from './support/attack.ts';
import { percentile } from './support/statistics.ts';

/**
 * What attacks do to the pushes of others: an honest client pushes every few milliseconds, quiet and
 * beside each attack, which comes from a process of its own. Prints medians and the 99th percentile
 * of both, and what the honest client was refused. Loopback only; each attack ends by itself.
 *
 * `npm run bench -- abuse [SECONDS] [KIND]`
 */
const [argument = '4', only] = process.argv.slice(2);
const seconds = Number(argument);
const PAUSE_MS = 5;
const WARM_SECONDS = 2;
const BODY = '# TYPE bench gauge\nbench{n="1"} 1\nbench{n="2"} 2\n';

const ATTACKS: readonly (readonly [AttackKind, connections: number])[] = [
  ['chunks-without-credential', 16],
  ['chunks-without-credential', 256],
  ['chunks-at-healthy', 16],
  ['chunks-of-a-team', 16],
  ['escaped-values', 16],
  ['many-label-names', 16],
  ['many-families', 16],
  ['body-without-credential', 16],
  ['unknown-tokens', 64],
  ['large-headers', 32],
  ['many-headers', 32],
  ['forged-tokens', 32],
  ['unknown-users', 100],
];

interface Latency {
  readonly milliseconds: readonly number[];
  readonly refused: number;
}

const run = promisify(execFile);
const HONEST = tokenCredential('honest');
const HOSTILE = tokenCredential('hostile');
const FIRST_LOGINS = 20;
const ISSUER = 'https://issuer.example';
/** Of the cost that `htpasswd -B -C 10` and most documents have. */
const BCRYPT_COST = 10;

await using stack = new AsyncDisposableStack();
const scratch = stack.use(await createScratch());
const upstream = stack.use(
  await startPushgateway({ version: '1.11', args: ['--push.disable-consistency-check'] }),
);
const key = await createSigningKey('k', 'RS256');
const gateway = stack.use(await start());
const agent = new Agent({ connections: 4 });
stack.defer(() => agent.close());
const token = await key.sign(goodClaims(ISSUER));
const unsigned = token.slice(0, token.lastIndexOf('.'));
let logins = 0;

await pushFor(WARM_SECONDS);
const rows: object[] = [];
for (const [kind, connections] of ATTACKS) {
  if (only !== undefined && kind !== only) continue;
  const quiet = await pushFor(seconds / 2);
  const { during, answers } = await measureBeside(kind, connections);
  const login = kind === 'unknown-users' ? ` (first logins: ${await describeLogins(kind)})` : '';
  rows.push({
    attack: `${kind}, ${connections}${login}`,
    'p50 ms': `${show(quiet, 0.5)} -> ${show(during, 0.5)}`,
    'p99 ms': `${show(quiet, 0.99)} -> ${show(during, 0.99)}`,
    'honest refused': during.refused,
    'answers/s': Math.round(answers / seconds),
  });
  console.table(rows.slice(-1));
}
console.log(`${seconds} s each, an honest push every ${PAUSE_MS} ms`);
console.table(rows);

async function start(): Promise<GatewayProcess> {
  const jwks = await scratch.write('jwks.json', JSON.stringify({ keys: [key.publicJwk] }));
  const users = Array.from({ length: FIRST_LOGINS }, (_, index) => ({
    type: 'basic',
    username: `cron-${index}`,
    password_hash: hashSync(`secret ${index}`, { cost: BCRYPT_COST }),
  }));
  const limits = { rate: '100000/s', burst: 100_000 };
  const ci = { type: 'jwt', name: 'ci', issuer: 'ci', claims: { sub: '*' } };
  return await startGatewayProcess({
    upstream: { url: upstream.url },
    issuers: { ci: { issuer: ISSUER, audience: AUDIENCE, jwks_file: jwks } },
    defaults: { allow: ['push'], limits },
    teams: {
      honest: { jobs: ['honest'], credentials: [HONEST.spec, ci, ...users] },
      hostile: { jobs: ['h'], credentials: [HOSTILE.spec] },
    },
    audit: { file: 'audit.jsonl' },
  });
}

async function measureBeside(kind: AttackKind, connections: number) {
  const attack = startAttack(kind, connections, seconds + 1);
  await new Promise((resolve) => setTimeout(resolve, 700)); // until the attack is under way
  const during = await pushFor(seconds - 0.5);
  return { during, answers: await attack };
}

async function startAttack(kind: AttackKind, connections: number, duration: number) {
  const { port } = new URL(gateway.url);
  const attack: Attack = {
    ...{ kind, connections, seconds: duration, unsigned },
    port: Number(port),
    authorization: HOSTILE.authorization,
  };
  const script = fileURLToPath(new URL('./support/attack.ts', import.meta.url));
  const { stdout } = await run(process.execPath, [script, JSON.stringify(attack)]);
  return Number(stdout);
}

/** Pushes for some time, one after the other. */
async function pushFor(duration: number, authorization = HONEST.authorization): Promise<Latency> {
  const milliseconds: number[] = [];
  let refused = 0;
  const end = performance.now() + duration * 1000;
  while (performance.now() < end) {
    const began = performance.now();
    if ((await pushOnce(authorization)) > 202) refused += 1;
    milliseconds.push(performance.now() - began);
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }
  return { milliseconds, refused };
}

async function pushOnce(authorization: string): Promise<number> {
  const options: Dispatcher.RequestOptions = {
    ...{ origin: gateway.url, path: '/metrics/job/honest', method: 'PUT' as const },
    headers: { authorization },
    body: BODY,
  };
  const { statusCode, body } = await agent.request(options);
  await body.dump();
  return statusCode;
}

/** The longest wait of users who log in for the first time beside the attack, and who was refused. */
async function describeLogins(kind: AttackKind): Promise<string> {
  const attack = startAttack(kind, 100, seconds + 1);
  await new Promise((resolve) => setTimeout(resolve, 700));
  const waits: number[] = [];
  let refused = 0;
  const end = performance.now() + (seconds - 0.5) * 1000;
  while (performance.now() < end && logins < FIRST_LOGINS) {
    const login = Buffer.from(`cron-${logins}:secret ${logins}`).toString('base64');
    logins += 1;
    const began = performance.now();
    if ((await pushOnce(`Basic ${login}`)) > 202) refused += 1;
    waits.push(performance.now() - began);
  }
  await attack;
  return `${waits.length} in at most ${Math.max(...waits).toFixed(0)} ms, ${refused} refused`;
}

function show({ milliseconds }: Latency, share: number): string {
  return percentile(milliseconds, share).toFixed(1);
}
