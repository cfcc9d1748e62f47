import assert from 'node:assert/strict';
import { dirname, join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { eventually } from '../support/eventually.ts';
import { type GatewayProcess, startGatewayProcess } from '../support/gateway.ts';
import { collidingValue, seriesHash } from '../support/hash-collision.ts';
import { missingPrograms } from '../support/program.ts';
import { type Pushgateway, startPushgateway } from '../support/pushgateway.ts';
import { type RedisServer, startRedis } from '../support/redis-server.ts';
import { runCli } from '../support/run-cli.ts';
import { tokenCredential } from '../support/test-credential.ts';

/** Three gateways in front of one Pushgateway that share their state in a real Redis. */

const skip = missingPrograms(['redis-7', 'pushgateway-1.5']);
const TEAMS = ['rates', 'types', 'quota', 'places'] as const;
type Team = (typeof TEAMS)[number];
const LIMITS: Readonly<Record<Team, object>> = {
  rates: { rate: '20/m', burst: 5, wait: '1s' },
  types: { rate: '10000/s', burst: 10_000 },
  quota: { rate: '10000/s', burst: 10_000, total_series: 50 },
  places: { rate: '10000/s', burst: 10_000, concurrent: 1, wait: '1s' },
};
const TOKENS = new Map(TEAMS.map((team) => [team, tokenCredential(team)]));

describe('three gateways', { skip }, () => {
  const stack = new AsyncDisposableStack();
  const gateways: GatewayProcess[] = [];
  let pushgateway: Pushgateway;
  let redis: RedisServer;

  before(async () => {
    pushgateway = stack.use(
      await startPushgateway({ version: '1.5', args: ['--push.disable-consistency-check'] }),
    );
    redis = stack.use(await startRedis());
    const teams = TEAMS.map((team) => {
      const { spec } = TOKENS.get(team) ?? assert.fail();
      const allow = ['push', 'delete', 'read'];
      return [team, { jobs: [`${team}_*`], allow, credentials: [spec], limits: LIMITS[team] }];
    });
    const document = {
      upstream: { url: pushgateway.url, timeout: '30s' },
      state: { url: redis.url },
      teams: Object.fromEntries(teams),
    };
    for (const name of ['a', 'b', 'c']) {
      const args = ['--instance', name];
      gateways.push(stack.use(await startGatewayProcess(document, process.env, args)));
    }
    // The last to join has the others read the store anew.
    for (const { url } of gateways) {
      await eventually('it takes pushes', async () =>
        (await fetch(`${url}/-/ready`)).status === 200 ? true : undefined,
      );
    }
  });
  after(() => stack.disposeAsync());

  const at = (index: number): GatewayProcess => gateways[index % gateways.length] ?? assert.fail();

  const send = async (index: number, team: Team, group: string, body: string, method = 'PUT') => {
    const { authorization } = TOKENS.get(team) ?? assert.fail();
    const answer = await fetch(`${at(index).url}/metrics/job/${team}_${group}`, {
      method,
      headers: { authorization, accept: 'application/json' },
      ...(method !== 'DELETE' && { body }),
    });
    return { status: answer.status, text: await answer.text() };
  };
  const sendAll = (count: number, push: (index: number) => ReturnType<typeof send>) =>
    Promise.all(Array.from({ length: count }, (_, index) => push(index)));
  const statuses = (answers: readonly { readonly status: number }[], status: number): number =>
    answers.filter((answer) => answer.status === status).length;

  test('let in one rate together', async () => {
    const answers = await sendAll(40, (index) => send(index, 'rates', `r${index}`, 'rates 1\n'));
    assert.equal(statuses(answers, 202) + statuses(answers, 200), 25);
    assert.equal(statuses(answers, 429), 15);
  });

  test('know of each other what type a family has', async () => {
    assert.equal((await send(0, 'types', 'one', '# TYPE rows gauge\nrows 1\n')).status, 202);
    for (const index of [1, 2]) {
      const { status, text } = await send(index, 'types', 'two', '# TYPE rows counter\nrows 1\n');
      assert.equal(status, 400);
      assert.match(text, /inconsistent.*types_one/s);
    }
    assert.equal((await send(2, 'types', 'one', '', 'DELETE')).status, 202);
    assert.equal((await send(1, 'types', 'two', '# TYPE rows counter\nrows 1\n')).status, 202);
  });

  test('count a collision of hashes once, where it was pushed', async () => {
    const hash = seriesHash('seen', { job: 'types_victim', instance: '' });
    const value = collidingValue(hash, 'evil', { job: 'types_evil', instance: '' });
    assert.equal((await send(0, 'types', 'victim', 'seen 1\n')).status, 202);
    assert.equal((await send(1, 'types', 'evil', `evil{zz="${value}"} 1\n`)).status, 400);
    const counts = gateways.map(async ({ adminUrl }) => {
      const metrics = await (await fetch(`${adminUrl}/metrics`)).text();
      return /^pushwarden_hash_collisions_total\{team="types"\} (\d+)$/m.exec(metrics)?.[1];
    });
    assert.deepEqual(await Promise.all(counts), ['0', '1', '0']);
  });

  test('let one type in of several that come at once', async () => {
    const types = ['gauge', 'counter', 'histogram'];
    for (let round = 0; round < 10; round += 1) {
      const answers = await sendAll(6, (index) => {
        const type = types[index % 3] ?? '';
        const name = `race_${round}`;
        const body =
          type === 'histogram'
            ? `# TYPE ${name} histogram\n${name}_bucket{le="+Inf"} 1\n`
            : `# TYPE ${name} ${type}\n${name} 1\n`;
        return send(index, 'types', `race_${round}_${index}`, body);
      });
      assert.equal(statuses(answers, 202), 2, JSON.stringify(answers));
      assert.equal(statuses(answers, 400), 4);
    }
    const { status } = await pushgateway.scrape();
    assert.equal(status, 200);
  });

  test('count one quota', async () => {
    const answers = await sendAll(40, (index) => {
      const lines = Array.from({ length: 9 }, (_, line) => `quota_${index}_${line} 1\n`);
      return send(index, 'quota', `q${index}`, lines.join(''));
    });
    assert.equal(statuses(answers, 202), 5);
    assert.equal(statuses(answers, 403), 35);
  });

  test('show what was pushed through the others', async () => {
    const { authorization } = TOKENS.get('types') ?? assert.fail();
    await eventually('the group is shown', async () => {
      const answer = await fetch(`${at(0).url}/api/v1/groups`, { headers: { authorization } });
      return (await answer.text()).includes('"types_two"') || undefined;
    });
  });

  test('go on without one that is killed, whose claims end', async () => {
    process.kill(pushgateway.pid, 'SIGSTOP');
    const lost = send(2, 'places', 'p', 'places 1\n').catch(() => undefined);
    await eventually('the push is under way', async () => {
      const records = await at(2).auditRecords();
      return (
        records.some(
          ({ event, ...record }) =>
            event === 'decision' && 'team' in record && record.team === 'places',
        ) || undefined
      );
    });
    assert.equal((await send(0, 'places', 'q', 'places 1\n')).status, 429);
    const [killed] = gateways.splice(2, 1);
    await killed?.stop('SIGKILL');
    assert.equal(await lost, undefined);
    process.kill(pushgateway.pid, 'SIGCONT');
    assert.equal((await send(0, 'places', 'q', 'places 1\n')).status, 429);
    assert.equal((await send(1, 'types', 'alive', 'alive 1\n')).status, 202);
    await eventually('its place came free', async () => {
      const { status } = await send(1, 'places', 'q', 'places 1\n');
      return status === 202 || undefined;
    });
    await eventually('a conflict is found after its claim has ended', async () => {
      const { status } = await send(0, 'types', 'p', '# TYPE places counter\nplaces 1\n');
      return status === 400 || undefined;
    });
  });

  const FAULTS: Readonly<Record<string, readonly [begin: () => unknown, end: () => unknown]>> = {
    hangs: [() => process.kill(redis.pid, 'SIGSTOP'), () => process.kill(redis.pid, 'SIGCONT')],
    'is full': [
      () => redis.order('CONFIG SET maxmemory 1'),
      () => redis.order('CONFIG SET maxmemory 0'),
    ],
  };
  for (const [what, [begin, end]] of Object.entries(FAULTS)) {
    test(`row 68: are not ready from two seconds on while Redis ${what}, and soon again`, async () => {
      const readiness = async () => (await fetch(`${at(0).url}/-/ready`)).status;
      const turnsTo = (status: number) =>
        eventually(`${status}`, async () => (await readiness()) === status || undefined);
      await turnsTo(200);
      await begin();
      const beganAt = performance.now();
      await turnsTo(503);
      const tookMs = performance.now() - beganAt;
      const seen = new Set<number>();
      while (performance.now() - beganAt < 4500) seen.add(await readiness());
      await end();
      assert.ok(tookMs < 2500, `it took ${tookMs} ms`);
      assert.deepEqual([...seen], [503]);
      await turnsTo(200);
      assert.equal((await send(0, 'types', 'alive', 'alive 1\n')).status, 202);
    });
  }

  test('refuse every push while Redis is away, and nothing else', async () => {
    await redis.stop();
    const { status, text } = await send(0, 'types', 'away', 'away 1\n');
    assert.equal(status, 503);
    assert.match(text, /state_unavailable/);
    assert.equal((await fetch(`${at(1).url}/-/healthy`)).status, 200);
    await eventually('a load balancer is told', async () => {
      return (await fetch(`${at(1).url}/-/ready`)).status === 503 || undefined;
    });
    const { authorization } = TOKENS.get('types') ?? assert.fail();
    const read = await fetch(`${at(1).url}/metrics`, { headers: { authorization } });
    assert.equal(read.status, 200);
    assert.match(await read.text(), /^alive\{/m);
  });

  test('know all again when Redis is back without its data', async () => {
    redis = stack.use(await startRedis({ port: redis.port }));
    for (const index of [0, 1]) {
      await eventually('pushes pass again', async () => {
        const { status } = await send(index, 'types', `back_${index}`, `back_${index} 1\n`);
        return status === 202 || undefined;
      });
    }
    const conflict = await send(1, 'types', 'three', '# TYPE rows gauge\nrows 1\n');
    assert.equal(conflict.status, 400, conflict.text);
    assert.equal((await send(0, 'quota', 'more', 'a 1\nb 1\nc 1\nd 1\ne 1\nf 1\n')).status, 403);
  });

  test('keep a chain each, with the name of the gateway in every record', async () => {
    for (const [index, name] of ['a', 'b'].entries()) {
      const records = await at(index).auditRecords();
      assert.ok(records.length > 20);
      assert.ok(records.every(({ gateway }) => gateway === name));
    }
    const files = gateways.map(({ configFile }) => join(dirname(configFile), 'audit.jsonl'));
    const { status, stdout } = await runCli(['audit', 'verify', ...files]);
    assert.equal(status, 0, stdout);
  });
});
