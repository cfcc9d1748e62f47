import { createHash, randomBytes } from 'node:crypto';
import type { Contender } from '../../bench/support/contender.ts';
import { type Measurement, measure } from '../../bench/support/measure.ts';
import { type Pushgateway, startPushgateway } from '../../test/support/pushgateway.ts';
import { createScratch } from '../../test/support/scratch.ts';
import { basic } from '../requests/request.ts';
import { type Change, PROXIES, type ProxyName, startProxy } from './proxies.ts';

/** A load, and what stands in the store meanwhile. */
export interface LoadCase {
  readonly title: string;
  /** In the store from the beginning, each of one series. */
  readonly groups: number;
  /** How the password is stored: one SHA hash of 256 random bits, or bcrypt of a password. */
  readonly hash: 'fast' | 'bcrypt';
  /** Whether Pushgateway holds every push against everything stored. */
  readonly isChecked: boolean;
  /** At once. */
  readonly connections: number;
  readonly proxies: readonly ProxyName[];
}

/** How long and how often. */
export interface LoadOptions {
  readonly seconds: number;
  readonly rounds: number;
}

/** What pushes go through. */
export type Way = ProxyName | 'nothing';

/** What a case measured: for each way a measurement a round. */
export type LoadRuns = ReadonlyMap<Way, readonly Measurement[]>;

const FAST = {
  groups: 10,
  hash: 'fast',
  isChecked: true,
  connections: 16,
  proxies: PROXIES,
} as const;

/** What is measured. */
export const LOAD_CASES: readonly LoadCase[] = [
  { ...FAST, title: '10 groups stored' },
  { ...FAST, title: '1 000 groups stored', groups: 1000 },
  {
    ...FAST,
    title: '10 groups stored, the consistency check of Pushgateway off',
    isChecked: false,
  },
  {
    ...FAST,
    title: '10 groups stored, bcrypt',
    hash: 'bcrypt',
    connections: 4,
    proxies: ['nginx', 'pushwarden'],
  },
];

/** Until the compiler of Node has seen enough. */
const WARM_UP_SECONDS = 5;
const TARGET = '/metrics/job/settlement/instance/a';
const BODY = [1, 2, 3, 4].map((n) => `payments_bench{n="${n}"} ${n}\n`).join('');
const USER = 'payments';
const PASSWORD = 'payments-password';

/** The policy open to this machine, and without the rates that a load would run into. */
const WIDE: Readonly<Record<ProxyName, readonly Change[]>> = {
  nginx: [
    ['allow 127.0.1.0/26', 'allow 127.0.0.0/8'],
    ['rate=50r/s', 'rate=1000000r/s'],
    ['burst=100 ', 'burst=1000000 '],
    ['limit_conn team 16', 'limit_conn team 1000'],
  ],
  vmauth: [['max_concurrent_requests: 16', 'max_concurrent_requests: 1000']],
  pushwarden: [
    ['[127.0.1.0/26]', '[127.0.0.0/8]'],
    [
      'jobs: [settlement,',
      'limits: { rate: 1000000/s, burst: 1000000, concurrent: 1000 }\n    jobs: [settlement,',
    ],
  ],
};

/** Measures a case; the ways take turns, so that a noisy machine is noisy for all. */
export async function measureCase(load: LoadCase, options: LoadOptions): Promise<LoadRuns> {
  await using stack = new AsyncDisposableStack();
  const scratch = stack.use(await createScratch());
  const args = load.isChecked ? [] : ['--push.disable-consistency-check'];
  const pushgateway = stack.use(await startPushgateway({ version: '1.11', args }));
  await fill(pushgateway, load.groups);
  const ways = new Map<Way, Contender>([['nothing', direct(pushgateway)]]);
  const password = load.hash === 'bcrypt' ? PASSWORD : randomBytes(32).toString('base64url');
  for (const proxy of load.proxies) {
    ways.set(proxy, stack.use(await startLoaded(proxy, load.hash, password, pushgateway.url)));
  }
  const authorization = basic(USER, password);
  const run = (way: Contender, seconds: number): Promise<Measurement> => {
    const url = way.url + TARGET;
    const wrk = { url, authorization, body: BODY, connections: load.connections, seconds };
    return measure(way, wrk, (lua) => scratch.write('push.lua', lua));
  };
  const runs = new Map<Way, Measurement[]>([...ways.keys()].map((name) => [name, []]));
  for (const way of ways.values()) await run(way, WARM_UP_SECONDS);
  for (let round = 0; round < options.rounds; round += 1) {
    for (const [name, way] of ways) runs.get(name)?.push(await run(way, options.seconds));
  }
  return runs;
}

function direct({ pid, url }: Pushgateway): Contender {
  return { name: 'nothing', pid, url, authorization: undefined, async [Symbol.asyncDispose]() {} };
}

async function fill({ url }: Pushgateway, groups: number): Promise<void> {
  for (let group = 0; group < groups; group += 1) {
    const target = `${url}/metrics/job/stored/instance/${group}`;
    const { status } = await fetch(target, { method: 'PUT', body: 'stored_rows 1\n' });
    if (status >= 300) throw new Error(`filling the store answered ${status}`);
  }
}

/** One that takes this password, from a hash as strong as that of the others. */
function startLoaded(
  proxy: ProxyName,
  hash: LoadCase['hash'],
  password: string,
  upstream: string,
): Promise<Contender> {
  if (hash === 'bcrypt') return startProxy(proxy, { upstream, changes: WIDE[proxy] });
  return startProxy(proxy, {
    upstream,
    changes: [...WIDE[proxy], ...fastCredential(proxy, password)],
    htpasswd: `${USER}:${saltedSha1(password)}\n`,
  });
}

/** nginx has it in its password file; vmauth compares the password itself. */
function fastCredential(proxy: ProxyName, password: string): readonly Change[] {
  if (proxy === 'nginx') return [];
  if (proxy === 'vmauth') return [[`password: ${PASSWORD}`, `password: ${password}`]];
  const sha256 = createHash('sha256').update(password).digest('hex');
  return [
    [
      '{ type: basic, username: payments,',
      `{ type: token, name: ${USER}, sha256: "${sha256}" }\n      - { type: basic, username: payments-person,`,
    ],
  ];
}

/** @see RFC 2307, `{SSHA}` as nginx reads it */
function saltedSha1(password: string): string {
  const salt = randomBytes(8);
  const digest = createHash('sha1').update(password).update(salt).digest();
  return `{SSHA}${Buffer.concat([digest, salt]).toString('base64')}`;
}
