import { setTimeout as delay } from 'node:timers/promises';
import { type Draw, pick } from './draw.ts';
import type { Operation } from './push-history.ts';
import { type OperationFamily, renderBody, type StoreOperation } from './store-operations.ts';
import { tokenCredential } from './test-credential.ts';

/** Teams of a torment: each is there for something that must hold. */
const NAMES = ['history', 'types', 'quota', 'rates'] as const;
type TeamName = (typeof NAMES)[number];

/** Groups that team `quota` may have. */
export const QUOTA_GROUPS = 5;
/** What team `rates` may push in a second. */
export const RATE = 10;

const TOKENS = new Map(NAMES.map((name) => [name, tokenCredential(name)]));
const JOBS = {
  history: ['a', 'b', 'c', 'd', 'e'],
  types: ['t', 't/x/1', 't/y/1', 't/x/1/y/1', 'u'],
  quota: ['q0', 'q1', 'q2', 'q3', 'q4', 'q5', 'q6', 'q7'],
  rates: ['r'],
} as const;
export const HISTORY_GROUPS: readonly string[] = JOBS.history;
const FREE = { rate: '10000/s', burst: 10_000, wait: '4s' };
const LIMITS: Readonly<Record<TeamName, object>> = {
  history: { ...FREE, concurrent: 8 },
  types: FREE,
  quota: { ...FREE, groups: QUOTA_GROUPS },
  rates: { rate: `${RATE}/s`, burst: 1, wait: '10ms' },
};

/** The `teams` of the configuration. */
export function describeTeams(): Readonly<Record<string, object>> {
  const teams = NAMES.map((name) => {
    const jobs = [...new Set(JOBS[name].map((group) => group.split('/')[0] ?? ''))];
    const allow = ['push', 'delete', 'read'];
    const credentials = [TOKENS.get(name)?.spec];
    return [name, { jobs, allow, credentials, limits: LIMITS[name] }] as const;
  });
  return Object.fromEntries(teams);
}

/** How often each kind of answer came, by team and status and reason. */
export type Answers = Map<string, number>;

/** What clients do, and what they were told. */
export interface TormentClients {
  /** Of team `history`, whose groups are held against them. */
  readonly operations: Operation[];
  readonly answers: Answers;
  /** Runs all of them until the signal comes. */
  run(stop: AbortSignal): Promise<void>;
  /** Pushes to a group of team `history` once, through one gateway. */
  pushOnce(url: string, group: string): Promise<Operation['end']>;
}

const HISTORY_CLIENTS = 5;
const FAMILIES = ['m0', 'm1', 'm2'] as const;
const METHODS = ['POST', 'POST', 'PUT', 'POST', 'DELETE'] as const;
const TYPES = ['gauge', 'counter', 'untyped', 'histogram'] as const;
/** Between two operations of a client; longer after one that was not taken. */
const PAUSE_MS = { taken: 5, refused: 25 };

/** @param urls - of the gateways: each operation goes to any of them */
export function createTormentClients(draw: Draw, urls: readonly string[]): TormentClients {
  const operations: Operation[] = [];
  const answers: Answers = new Map();
  let last = 0;

  const send = async (
    team: TeamName,
    url: string,
    { method, group }: Pick<StoreOperation, 'method' | 'group'>,
    body: string,
  ): Promise<Operation['end']> => {
    const { authorization = '' } = TOKENS.get(team) ?? {};
    const options = { method, headers: { authorization }, ...(body !== '' && { body }) };
    const [end, what] = await ask(`${url}/metrics/job/${group}`, options);
    const key = `${team} ${what}`;
    answers.set(key, (answers.get(key) ?? 0) + 1);
    return end;
  };

  const pushHistory = async (
    url: string,
    group: string,
    method: Operation['method'],
    families: readonly string[],
  ): Promise<Operation['end']> => {
    last += 1;
    const value = String(last);
    const body = families.map((family) => `${family} ${value}\n`).join('');
    const startedAt = performance.now();
    const end = await send('history', url, { method, group }, body);
    const endedAt = performance.now();
    operations.push({ group, method, families, value, startedAt, endedAt, end });
    return end;
  };

  const steps: readonly (() => Promise<Operation['end']>)[] = [
    ...Array.from({ length: HISTORY_CLIENTS }, () => () => {
      const method = pick(draw, METHODS);
      const first = draw(FAMILIES.length);
      const count = method === 'DELETE' ? 0 : 1 + draw(2);
      const families = [...FAMILIES, ...FAMILIES].slice(first, first + count);
      return pushHistory(pick(draw, urls), pick(draw, HISTORY_GROUPS), method, families);
    }),
    ...Array.from({ length: 3 }, () => () => {
      const operation = drawConflict(draw);
      const body = operation.method === 'DELETE' ? '' : renderBody(operation);
      return send('types', pick(draw, urls), operation, body);
    }),
    ...Array.from({ length: 2 }, () => () => {
      const method = pick(draw, ['PUT', 'PUT', 'DELETE'] as const);
      const operation = { method, group: pick(draw, JOBS.quota) };
      return send('quota', pick(draw, urls), operation, method === 'DELETE' ? '' : 'of_quota 1\n');
    }),
    () => send('rates', pick(draw, urls), { method: 'PUT', group: 'r' }, 'of_rates 1\n'),
  ];
  return {
    operations,
    answers,
    async run(stop) {
      const running = steps.map(async (step) => {
        while (!stop.aborted) {
          const end = await step();
          await delay(end === 'acknowledged' ? PAUSE_MS.taken : PAUSE_MS.refused);
        }
      });
      await Promise.all(running);
    },
    pushOnce: (url, group) => pushHistory(url, group, 'POST', ['m0']),
  };
}

/** A push that may contradict what other groups hold, or a delete. */
function drawConflict(draw: Draw): StoreOperation {
  const families: readonly OperationFamily[] = [
    {
      name: pick(draw, ['n0', 'n1', 'n0_count']),
      type: pick(draw, TYPES),
      labels: draw(2) === 0 ? {} : { x: '1' },
    },
  ];
  const method = pick(draw, ['PUT', 'POST', 'DELETE'] as const);
  return { method, group: pick(draw, JOBS.types), families };
}

/** Longer than a gateway takes for any answer; the client may miss the end of one that is killed. */
const ANSWER_MS = 30_000;

/** Reasons with which nothing was sent to Pushgateway. */
const REFUSED =
  /^(overloaded|draining|rate_limited|too_many_concurrent|state_unavailable|inconsistent|body_invalid|\w+_quota_exceeded):/;

async function ask(
  url: string,
  options: RequestInit,
): Promise<readonly [end: Operation['end'], what: string]> {
  try {
    const answer = await fetch(url, { ...options, signal: AbortSignal.timeout(ANSWER_MS) });
    const text = await answer.text();
    if (answer.ok) return ['acknowledged', String(answer.status)];
    const what = `${answer.status} ${text.split(':')[0]}`;
    return [REFUSED.test(text) ? 'refused' : 'unknown', what];
  } catch (error) {
    const cause = error instanceof Error ? error.cause : undefined;
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'broken';
    return [code === 'ECONNREFUSED' ? 'refused' : 'unknown', code];
  }
}
