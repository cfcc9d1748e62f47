import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { compilePolicy } from '../../src/core/policy/policy.ts';
import { allowed } from '../support/decision.ts';
import { groupPush } from '../support/group-push.ts';
import {
  DONE,
  HOUR_MS,
  openJanitorStage,
  TIMED_OUT,
  UNREACHABLE,
} from '../support/janitor-stage.ts';
import { teamSpec } from '../support/team-spec.ts';

const job = (name: string): string => `/metrics/job/${name}`;

describe('the janitor deletes', () => {
  test('what is older than the first entry that matches, and what was never pushed well', async () => {
    const stage = await openJanitorStage({
      teams: [
        {
          name: 'ci',
          jobs: ['ci_*'],
          groupTtl: [
            { jobs: ['ci_short*'], ttlMs: HOUR_MS },
            { jobs: ['ci_keep'], ttlMs: 1000 * HOUR_MS },
            { jobs: ['ci_*'], ttlMs: 3 * HOUR_MS },
          ],
        },
        { name: 'some', jobs: ['some_*'], groupTtl: [{ jobs: ['some_a'], ttlMs: HOUR_MS }] },
        { name: 'off', jobs: ['off'] },
        { name: 'reader', jobs: ['*'], allow: ['read'], groupTtl: [{ ttlMs: 1 }] },
      ],
    });
    const jobs = ['ci_short1', 'ci_keep', 'ci_other', 'some_a', 'some_b', 'off', 'nobody'];
    for (const name of jobs) stage.pushgateway.push(job(name));
    stage.pushgateway.push(job('ci_short_failed'), 'failed');
    await stage.pass(2 * HOUR_MS);
    await stage.followed.renew();
    const end = await stage.run();
    const short = [job('ci_short1'), job('ci_short_failed'), job('some_a')];
    assert.deepEqual(stage.sent.map(({ id }) => id).sort(), short);
    assert.deepEqual(end, { due: 3, deleted: 3, kept: 0, refused: 0, endedEarly: undefined });
    await stage.pass(2 * HOUR_MS);
    await stage.run();
    const left = [...stage.pushgateway.groups.keys()].sort();
    assert.deepEqual(left, ['ci_keep', 'nobody', 'off', 'some_b'].map(job));
  });

  test('no more than the rate says', async () => {
    const stage = await openJanitorStage();
    for (let at = 0; at < 50; at += 1) stage.pushgateway.push(job(`ci_${at}`));
    await stage.pass(2 * HOUR_MS);
    await stage.followed.renew();
    await stage.run();
    const times = stage.sent.map(({ at }) => at);
    assert.equal(times.length, 50);
    const gaps = times.slice(1).map((at, index) => at - (times[index] ?? 0));
    assert.deepEqual([...new Set(gaps)], [50]);
  });

  test('a slow deletion counts into the pause, and is not made up for', async () => {
    const stage = await openJanitorStage();
    for (let at = 0; at < 4; at += 1) stage.pushgateway.push(job(`ci_${at}`));
    await stage.pass(2 * HOUR_MS);
    await stage.followed.renew();
    const began: number[] = [];
    await stage.run({
      async send({ path }) {
        began.push(stage.clock.monotonic());
        stage.clock.advance(began.length === 1 ? 220 : 20);
        stage.pushgateway.groups.delete(path);
        return DONE;
      },
    });
    const gaps = began.slice(1).map((at, index) => at - (began[index] ?? 0));
    assert.deepEqual(gaps, [220, 50, 50]);
  });

  test('with a record before, and one of what came of it', async () => {
    const stage = await openJanitorStage();
    stage.pushgateway.push('/metrics/job/ci_1/branch/main');
    await stage.pass(2 * HOUR_MS);
    await stage.followed.renew();
    let before = 0;
    await stage.run({
      async send() {
        before = stage.audit.length;
        return DONE;
      },
    });
    assert.equal(before, 1);
    assert.deepEqual(stage.audit, [
      {
        event: 'expired',
        request_id: 'R0',
        by: 'janitor',
        team: 'ci',
        target: '/metrics/job/ci_1/branch/main',
        job: 'ci_1',
        grouping_key: { branch: 'main' },
        age_seconds: 7200,
        series: 0,
      },
      { event: 'outcome', request_id: 'R0', status: 202, upstream_status: 202, duration_ms: 0 },
    ]);
  });
});

describe('the janitor keeps', () => {
  test('what somebody else pushed to past the gateway, before the run and in the middle', async () => {
    const stage = await openJanitorStage();
    for (const name of ['ci_a', 'ci_b', 'ci_c', 'ci_d']) stage.pushgateway.push(job(name));
    await stage.followed.renew();
    await stage.pass(2 * HOUR_MS);
    stage.pushgateway.push(job('ci_b'));
    await stage.run({
      rate: { count: 1, perMs: 30_000 },
      async pause(ms) {
        stage.clock.advance(ms);
        stage.pushgateway.push(job('ci_d'));
      },
    });
    assert.deepEqual(
      stage.sent.map(({ id }) => id),
      [job('ci_a'), job('ci_c')],
    );
    const written = stage.audit.flatMap((event) => (event.event === 'expired' ? event.target : []));
    assert.deepEqual(written, [job('ci_a'), job('ci_c')]);
  });

  test('what is being pushed to, or may have been', async () => {
    const stage = await openJanitorStage();
    for (const name of ['ci_a', 'ci_b']) stage.pushgateway.push(job(name));
    await stage.pass(2 * HOUR_MS);
    await stage.followed.renew();
    const under = allowed(await stage.followed.store.claim(groupPush('ci_a', 'rows:gauge')));
    const lost = allowed(await stage.followed.store.claim(groupPush('ci_b', 'other:gauge')));
    await lost.settle('unknown'); // the upstream has it in a queue, perhaps
    assert.deepEqual((await stage.run()).kept, 2);
    await under.settle('refused');
    await stage.run();
    assert.deepEqual(
      stage.sent.map(({ id }) => id),
      [job('ci_a')],
    );
    await stage.pass(600_000);
    await stage.run();
    assert.deepEqual(
      stage.sent.map(({ id }) => id),
      [job('ci_a'), job('ci_b')],
    );
  });

  test('what no path can name, or a path that could name another', async () => {
    const stage = await openJanitorStage();
    const names = ['U__b', 'b/c/d', 'b@base64', 'ünsound'];
    const old = stage.pushgateway.now() - 2 * HOUR_MS;
    for (const name of names) {
      stage.pushgateway.put({ job: 'ci_x', labels: [{ name, value: 'e' }] }, old);
    }
    stage.pushgateway.put({ job: 'ci_x', labels: [{ name: 'a', value: 'b\u{fffd}' }] }, old);
    stage.pushgateway.put({ job: 'ci_\u{fffd}', labels: [] }, old);
    await stage.followed.renew();
    assert.equal((await stage.run()).due, 0);
    assert.deepEqual(stage.sent, []);
  });

  test('everything in a dry run, which names what it would delete and reads first', async () => {
    const stage = await openJanitorStage();
    for (const name of ['ci_a', 'ci_b']) stage.pushgateway.push(job(name));
    await stage.followed.renew();
    await stage.pass(2 * HOUR_MS);
    stage.pushgateway.push(job('ci_b'));
    const end = await stage.run({ isDryRun: true });
    assert.deepEqual([end.due, end.deleted, stage.sent, stage.audit], [1, 0, [], []]);
    assert.deepEqual(
      stage.expired.map(({ id, ageSeconds }) => [id, ageSeconds]),
      [[job('ci_a'), 7200]],
    );
    const line = stage.lines.find(({ message }) => message === 'groups_expired');
    assert.equal(line?.fields['dry_run'], true);
  });

  test('what a reload gave more time in the middle of a run, or another owner', async () => {
    const stage = await openJanitorStage();
    for (const name of ['ci_a', 'ci_b', 'ci_c']) stage.pushgateway.push(job(name));
    await stage.pass(2 * HOUR_MS);
    await stage.followed.renew();
    const hour = teamSpec({ name: 'ci', jobs: ['ci_*'], groupTtl: [{ ttlMs: HOUR_MS }] });
    const configurations = [
      [hour],
      [teamSpec({ name: 'kept', jobs: ['ci_b'] }), hour],
      [{ ...hour, groupTtl: [{ ttlMs: 3 * HOUR_MS }] }],
    ];
    const rules = configurations.map((teams) => ({ teams, policy: compilePolicy(teams) }));
    const [before = { teams: [], policy: compilePolicy([]) }] = rules;
    const end = await stage.run({ rules: () => rules[stage.sent.length] ?? before });
    assert.deepEqual(
      stage.sent.map(({ id }) => id),
      [job('ci_a'), job('ci_c')],
    );
    assert.equal(end.kept, 1);
    stage.pushgateway.push(job('ci_d'));
    await stage.pass(2 * HOUR_MS);
    await stage.followed.renew();
    await stage.run({ rules: () => rules[2] ?? before });
    const gone = [job('ci_a'), job('ci_c'), job('ci_b')];
    assert.deepEqual(
      stage.sent.map(({ id }) => id),
      gone,
    );
  });
});

describe('the janitor ends early', () => {
  async function openWithOld(...names: readonly string[]) {
    const stage = await openJanitorStage();
    for (const name of names) stage.pushgateway.push(job(name));
    await stage.pass(2 * HOUR_MS);
    await stage.followed.renew();
    return stage;
  }

  test('when a deletion times out, of which nobody knows the outcome; the next run goes on', async () => {
    const stage = await openWithOld('ci_a', 'ci_b', 'ci_c');
    const end = await stage.run({
      async send({ path }) {
        if (path !== job('ci_b')) return DONE;
        stage.pushgateway.groups.delete(path); // it was applied
        return TIMED_OUT;
      },
    });
    stage.pushgateway.groups.delete(job('ci_a'));
    assert.deepEqual([end.deleted, stage.pushgateway.groups.size], [1, 1]);
    assert.match(end.endedEarly ?? '', /^upstream_timeout: /);
    const outcomes = stage.audit.filter(({ event }) => event === 'outcome');
    assert.deepEqual(
      outcomes.map((event) => 'status' in event && event.status),
      [202, 'unknown'],
    );
    assert.deepEqual((await stage.run()).deleted, 1);
    assert.deepEqual(
      stage.sent.map(({ id }) => id),
      [job('ci_c')],
    );
  });

  test('when the upstream is away, before and in the middle, and deletes the rest once it is back', async () => {
    const stage = await openWithOld('ci_a', 'ci_b', 'ci_c');
    stage.pushgateway.isAway = true;
    assert.match((await stage.run()).endedEarly ?? '', /away/);
    assert.deepEqual([stage.sent, stage.audit], [[], []]);
    stage.pushgateway.isAway = false;
    const end = await stage.run({
      async send({ path }) {
        if (stage.pushgateway.isAway) return UNREACHABLE;
        stage.pushgateway.isAway = true;
        stage.pushgateway.groups.delete(path);
        return DONE;
      },
    });
    assert.deepEqual([end.deleted, end.due], [1, 3]);
    assert.match(end.endedEarly ?? '', /^upstream_unreachable: /);
    stage.pushgateway.isAway = false;
    stage.pushgateway.startTime = '2026-01-02T00:00:00Z';
    assert.equal((await stage.run()).deleted, 2);
    assert.equal(stage.pushgateway.groups.size, 0);
  });

  test('when nothing can be written down: nothing is sent', async () => {
    const stage = await openWithOld('ci_a', 'ci_b');
    const append = () => Promise.reject(new Error('the disk is full'));
    const end = await stage.run({ audit: { append } });
    assert.deepEqual([end.endedEarly, stage.sent], ['the disk is full', []]);
    assert.equal((await stage.run()).deleted, 2);
  });

  test('between two groups, when the gateway stops; another gateway goes on with the rest', async () => {
    const stage = await openWithOld('ci_a', 'ci_b', 'ci_c');
    const isOver = () => (stage.sent.length === 1 ? 'the gateway stops' : undefined);
    const end = await stage.run({ isOver });
    assert.deepEqual([end.deleted, end.endedEarly], [1, 'the gateway stops']);
    const next = await openJanitorStage({ before: stage });
    assert.equal((await next.run()).deleted, 2);
    assert.equal(stage.pushgateway.groups.size, 0);
  });

  test('not when Pushgateway refuses one group', async () => {
    const stage = await openWithOld('ci_a', 'ci_b', 'ci_c');
    const end = await stage.run({
      async send({ path }) {
        if (path === job('ci_a')) return { ...DONE, status: 400 };
        stage.pushgateway.groups.delete(path);
        return DONE;
      },
    });
    assert.deepEqual(end, { due: 3, deleted: 2, kept: 0, refused: 1, endedEarly: undefined });
    const refused = stage.audit.find((event) => event.event === 'outcome');
    assert.ok(refused?.event === 'outcome' && refused.reason === 'upstream_rejected');
  });
});

describe('a group that was written down', () => {
  test('and is found pushed to then, is kept, and the log says so', async () => {
    const stage = await openJanitorStage();
    stage.pushgateway.push(job('ci_a'));
    await stage.pass(2 * HOUR_MS);
    await stage.followed.renew();
    const end = await stage.run({
      audit: {
        async append(event) {
          stage.audit.push(event);
          if (event.event !== 'expired') return;
          stage.pushgateway.push(job('ci_a'));
          await stage.followed.renew();
        },
      },
    });
    assert.deepEqual([end.deleted, end.kept, stage.sent], [0, 1, []]);
    const [, outcome] = stage.audit;
    assert.ok(outcome?.event === 'outcome' && outcome.outcome === 'rejected');
  });
});

describe('a clock that jumps', () => {
  const DAY_MS = 24 * HOUR_MS;
  type Jump = (stage: Awaited<ReturnType<typeof openJanitorStage>>, by: number) => void;
  const CLOCKS: readonly (readonly [string, Jump])[] = [
    ['of the gateway', ({ clock }, by) => clock.jump(by)],
    [
      'of Pushgateway',
      ({ pushgateway }, by) => {
        pushgateway.ahead += by;
      },
    ],
    [
      'of both',
      ({ clock, pushgateway }, by) => {
        clock.jump(by);
        pushgateway.ahead += by;
      },
    ],
    [
      'of the gateway, where Pushgateway says no time',
      ({ clock, pushgateway }, by) => {
        pushgateway.saysDate = false;
        clock.jump(by);
      },
    ],
  ];
  for (const [which, jump] of CLOCKS) {
    test(`${which} forward ends nothing that was pushed to within its time, and later all`, async () => {
      const stage = await openJanitorStage();
      await stage.push(job('ci_a'));
      await stage.pass(HOUR_MS / 2);
      await stage.push(job('ci_b'));
      jump(stage, DAY_MS);
      assert.deepEqual((await stage.run()).deleted, 0);
      await stage.pass(HOUR_MS / 4);
      await stage.push(job('ci_c'));
      assert.deepEqual((await stage.run()).deleted, 0);
      await stage.pass(HOUR_MS / 2);
      assert.deepEqual((await stage.run()).deleted, 1);
      assert.deepEqual(
        stage.sent.map(({ id }) => id),
        [job('ci_a')],
      );
      await stage.pass(2 * HOUR_MS);
      await stage.run();
      await stage.pass(DAY_MS);
      await stage.run();
      assert.equal(stage.pushgateway.groups.size, 0);
    });

    test(`${which} back, and right again, ends nothing that was pushed to within its time`, async () => {
      const stage = await openJanitorStage();
      await stage.push(job('ci_a'));
      await stage.pass(60_000);
      jump(stage, -DAY_MS);
      await stage.pass(60_000);
      await stage.push(job('ci_b'));
      assert.deepEqual((await stage.run()).deleted, 0);
      await stage.pass(60_000);
      jump(stage, DAY_MS);
      assert.deepEqual((await stage.run()).deleted, 0);
      await stage.pass(HOUR_MS / 2);
      assert.deepEqual((await stage.run()).deleted, 0);
      await stage.pass(DAY_MS);
      await stage.run();
      assert.equal(stage.pushgateway.groups.size, 0);
    });
  }

  test('is told of once', async () => {
    const stage = await openJanitorStage();
    stage.clock.jump(DAY_MS);
    await stage.pass(60_000);
    const told = stage.lines.filter(({ message }) => message.startsWith('clock'));
    assert.deepEqual(
      told.map(({ message }) => message),
      ['clock_jumped', 'clocks_differ'],
    );
    assert.equal(told[0]?.fields['seconds'], 86_400);
  });

  test('is no matter where Pushgateway is behind for good: its own time counts', async () => {
    const stage = await openJanitorStage();
    stage.pushgateway.ahead = -DAY_MS;
    const behind = await openJanitorStage({ before: stage });
    behind.pushgateway.push(job('ci_a'));
    await behind.followed.renew();
    await behind.pass(HOUR_MS / 2);
    assert.deepEqual((await behind.run()).due, 0);
    await behind.pass(HOUR_MS);
    assert.deepEqual((await behind.run()).deleted, 1);
  });
});
