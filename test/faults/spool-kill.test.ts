import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { eventually } from '../support/eventually.ts';
import { oneTeam, TOKEN } from '../support/one-team.ts';
import { type Pushgateway, pushgatewayMissing, startPushgateway } from '../support/pushgateway.ts';
import { createScratch } from '../support/scratch.ts';
import { startServe } from './serve-process.ts';

const VERSION = '1.11';
const ROUNDS = 20;
const CLIENTS = 4;
const GROUPS_EACH = 3;
const { authorization } = TOKEN;

/** What a group holds: the value of each family. Sorted text, so that it can be in a set. */
type State = string;

interface Operation {
  readonly method: 'POST' | 'PUT' | 'DELETE';
  readonly family: string;
  readonly value: number;
}

function apply(state: State, { method, family, value }: Operation): State {
  if (method === 'DELETE') return '';
  const held = method === 'PUT' ? [] : state.split(' ').filter((one) => one.length > 0);
  const others = held.filter((one) => !one.startsWith(`${family}=`));
  return [...others, `${family}=${value}`].sort().join(' ');
}

/** What the store may hold by what was answered: without an answer, an operation counts or not. */
class Expected {
  readonly groups = new Map<string, ReadonlySet<State>>();
  acknowledged = 0;

  note(job: string, operation: Operation, isAcknowledged: boolean): void {
    const before = [...(this.groups.get(job) ?? [''])];
    const after = before.map((state) => apply(state, operation));
    this.groups.set(job, new Set(isAcknowledged ? after : [...before, ...after]));
    if (isAcknowledged) this.acknowledged += 1;
  }
}

/** The same numbers in every run with the same seed. */
function createRandom(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

/** One client that pushes to its own groups, one operation after the other. */
async function runClient(name: number, expected: Expected, url: string, stop: AbortSignal) {
  const random = createRandom(name + 1);
  for (let value = 1; !stop.aborted; value += 1) {
    const job = `c${name}_${random(GROUPS_EACH)}`;
    const method = (['POST', 'POST', 'PUT', 'POST', 'DELETE'] as const)[random(5)] ?? 'POST';
    const operation = { method, family: `m${random(3)}`, value };
    const body = method === 'DELETE' ? undefined : `${operation.family} ${value}\n`;
    const isAcknowledged = await fetch(`${url}/metrics/job/${job}`, {
      ...{ method, headers: { authorization } },
      ...(body && { body }),
    }).then(
      (answer) => answer.ok,
      () => false,
    );
    expected.note(job, operation, isAcknowledged);
    if (!isAcknowledged) await delay(20);
  }
}

const SERIES = /^(m\d)\{instance="",job="([^"]+)"\} (\d+)$/;

async function readStates(pushgateway: Pushgateway): Promise<ReadonlyMap<string, State>> {
  const { body } = await pushgateway.scrape();
  const states = new Map<string, string[]>();
  for (const line of body.split('\n')) {
    const [, family, job, value] = SERIES.exec(line) ?? [];
    if (job !== undefined) states.set(job, [...(states.get(job) ?? []), `${family}=${value}`]);
  }
  return new Map([...states].map(([job, families]) => [job, families.sort().join(' ')]));
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const address = server.address();
  server.close();
  assert.ok(typeof address === 'object' && address !== null);
  return address.port;
}

async function isDrained(adminUrl: string): Promise<true | undefined> {
  const metrics = await (await fetch(`${adminUrl}/metrics`)).text();
  const isReady = (await (await fetch(`${adminUrl}/-/ready`)).text()) === 'OK\n';
  return isReady && /^pushwarden_spool_bytes 0$/m.test(metrics) ? true : undefined;
}

const skip = pushgatewayMissing(VERSION);

test('after kill -9 of the gateway and of Pushgateway, twenty times under load, the store is what was acknowledged last', {
  skip,
}, async (t) => {
  await using scratch = await createScratch();
  const seed = Number(process.env['SEED'] ?? Date.now() % 100_000);
  t.diagnostic(`seed ${seed}`);
  const random = createRandom(seed);
  const saving = {
    version: VERSION,
    persistenceFile: join(scratch.path, 'pg'),
    args: ['--persistence.interval=300ms'],
  } as const;
  let pushgateway = await startPushgateway(saving);
  const { url, port: upstreamPort } = pushgateway;
  const port = await freePort();
  const document = {
    ...oneTeam({ url, timeout: '2s' }),
    listen: `127.0.0.1:${port}`,
    admin: { listen: '127.0.0.1:0' },
    defaults: { limits: { rate: '10000/s', burst: 10_000 } },
    audit: { file: join(scratch.path, 'audit.jsonl') },
    spool: { dir: join(scratch.path, 'spool') },
  };
  const config = await scratch.write('pushwarden.yaml', JSON.stringify(document));
  let gateway = await startServe(config).ready;
  const expected = new Expected();
  const ending = new AbortController();
  const clients = Array.from({ length: CLIENTS }, (_, name) =>
    runClient(name, expected, `http://127.0.0.1:${port}`, ending.signal),
  );
  const restartPushgateway = async (): Promise<void> => {
    await pushgateway.stop('SIGKILL');
    await delay(random(500));
    pushgateway = await startPushgateway({ ...saving, port: upstreamPort });
  };
  const restartGateway = async (): Promise<void> => {
    await gateway.stop('SIGKILL');
    gateway = await startServe(config).ready;
  };
  try {
    for (let round = 0; round < ROUNDS; round += 1) {
      await delay(200 + random(800));
      const what = random(3);
      if (what === 0) await restartPushgateway();
      else if (what === 1) await restartGateway();
      else await Promise.all([restartPushgateway(), restartGateway()]);
    }
    await delay(500);
    ending.abort();
    await Promise.all(clients);
    await eventually('the spool is empty', () => isDrained(gateway.ready.adminUrl));
    const states = await readStates(pushgateway);
    t.diagnostic(`${expected.acknowledged} acknowledged`);
    assert.ok(expected.acknowledged > 500);
    const wrong = [...expected.groups].filter(([job, may]) => !may.has(states.get(job) ?? ''));
    assert.deepEqual(
      wrong.map(([job, may]) => ({ job, is: states.get(job) ?? '', may: [...may].slice(0, 5) })),
      [],
    );
  } finally {
    ending.abort();
    await gateway.stop('SIGKILL');
    await pushgateway.stop('SIGKILL');
  }
});
