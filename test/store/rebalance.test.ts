import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AuditEvent } from '../../src/core/audit/audit-record.ts';
import type { GroupId } from '../../src/core/store/group.ts';
import type { MovedGroup } from '../../src/core/store/rebalance-run.ts';
import type { UpstreamOutcome } from '../../src/core/store/upstream-outcome.ts';
import type { UpstreamRequest } from '../../src/pipeline/ports/upstream.ts';
import { createFollowedStore } from '../../src/store/follow-store.ts';
import { createGroupGate } from '../../src/store/group-gate.ts';
import type { RebalancedStore, RebalanceOptions } from '../../src/store/plan-move.ts';
import { runRebalance } from '../../src/store/rebalance.ts';
import { createStore } from '../support/group-push.ts';
import { DONE, ModelPushgateway, TIMED_OUT, UNREACHABLE } from '../support/janitor-stage.ts';
import { manualClock } from '../support/manual-clock.ts';

/** What becomes of a group when something fails in the middle of its move. */

const ID = '/metrics/job/a';

class Side implements RebalancedStore {
  readonly timeoutMs = 1000;
  readonly pushgateway: ModelPushgateway;
  readonly followed: RebalancedStore['followed'];
  readonly sent: string[] = [];
  /** What comes of what is sent; undefined: it is done. */
  fail: (request: UpstreamRequest) => UpstreamOutcome | undefined = () => undefined;
  /** Whether it is done all the same. */
  applies = true;
  readonly name: string;

  constructor(name: string, clock: ReturnType<typeof manualClock>) {
    this.name = name;
    this.pushgateway = new ModelPushgateway(() => clock.now());
    const silent = { info() {}, warn() {}, error() {} };
    const observer = { probed() {}, read() {}, changedByOthers() {}, scraped() {}, collided() {} };
    const followed = createFollowedStore({ store: createStore(), clock, log: silent, observer });
    followed.readBy(this.pushgateway.reader());
    this.followed = followed;
  }

  send = async (request: UpstreamRequest): Promise<UpstreamOutcome> => {
    const { method, path } = request;
    this.sent.push(method);
    const failure = this.fail(request);
    if (failure !== undefined && (!this.applies || failure === UNREACHABLE)) return failure;
    if (method === 'PUT' && this.applies) this.pushgateway.push(path);
    if (method === 'DELETE') this.pushgateway.groups.delete(path);
    return failure ?? DONE;
  };
}

function openStage() {
  const clock = manualClock(1_800_000_000_000);
  const old = new Side('old', clock);
  const home = new Side('home', clock);
  const audit: AuditEvent[] = [];
  const moved: MovedGroup[] = [];
  const run = (changes: Partial<RebalanceOptions> = {}) =>
    runRebalance({
      stores: [old, home],
      homeOf: () => home,
      gate: createGroupGate(),
      audit: { append: async (event) => void audit.push(event) },
      clock,
      isDryRun: false,
      newRequestId: () => 'id',
      isOver: () => undefined,
      undisturbed: (work) => work(),
      onMoved: (group) => void moved.push(group),
      ...changes,
    });
  const holders = () =>
    [old, home].filter(({ pushgateway }) => pushgateway.groups.has(ID)).map(({ name }) => name);
  const statuses = () =>
    audit.map((event) => (event.event === 'outcome' ? event.status : event.event));
  old.pushgateway.push(ID);
  clock.advance(60_000);
  return { clock, old, home, moved, run, holders, statuses };
}

test('a group is written down, sent, looked for and deleted', async () => {
  const stage = openStage();
  const { endedEarly, ...counts } = await stage.run();
  assert.deepEqual(counts, { due: 1, moved: 1, kept: 0, refused: 0, copied: 0 });
  assert.equal(endedEarly, undefined);
  assert.deepEqual(stage.holders(), ['home']);
  assert.deepEqual([stage.old.sent, stage.home.sent], [['DELETE'], ['PUT']]);
  assert.deepEqual(stage.statuses(), ['moved', 202]);
  assert.equal(stage.old.followed.store.group(ID), undefined);
  assert.notEqual(stage.home.followed.store.group(ID), undefined);
});

test('one that nobody knows whether it was sent is taken back, and the other one left alone', async () => {
  const stage = openStage();
  stage.old.pushgateway.push('/metrics/job/b');
  stage.home.fail = ({ method }) => (method === 'PUT' ? TIMED_OUT : undefined);
  const run = await stage.run();
  assert.deepEqual([run.kept, run.moved], [2, 0]);
  assert.match(String(run.endedEarly), /^home: upstream_timeout/);
  assert.deepEqual(stage.holders(), ['old']);
  assert.equal(stage.home.followed.store.group(ID), undefined);
  assert.deepEqual(stage.statuses(), ['moved', 'moved', 'rejected', 'rejected']);
});

test('nothing is sent to the one that is not there', async () => {
  const stage = openStage();
  stage.home.fail = () => UNREACHABLE;
  assert.equal((await stage.run()).kept, 1);
  assert.deepEqual([stage.home.sent, stage.old.sent], [['PUT'], []]);
  assert.deepEqual(stage.holders(), ['old']);
});

test('one that cannot be deleted is where it belongs, and the next run ends it', async () => {
  const stage = openStage();
  stage.old.fail = () => TIMED_OUT;
  stage.old.applies = false;
  const run = await stage.run();
  assert.deepEqual([run.copied, run.moved], [1, 0]);
  assert.deepEqual(stage.statuses(), ['moved', 'unknown']);
  assert.deepEqual(stage.holders(), ['old', 'home']);
  const [at = 0, before = 0] = [stage.home, stage.old].map(
    ({ followed }) => followed.store.group(ID)?.pushedAt,
  );
  assert.ok(at > before, 'pushes go to where it is now');
  stage.old.fail = () => undefined;
  assert.equal((await stage.run()).moved, 1);
  assert.deepEqual(stage.holders(), ['home']);
  assert.deepEqual(stage.home.sent, ['PUT']);
});

test('one that does not come to be seen is not deleted', async () => {
  const stage = openStage();
  stage.home.applies = false;
  const { contents } = stage.home.pushgateway.reader();
  stage.home.followed.reader = () => ({
    ...stage.home.pushgateway.reader(),
    async contents(ids: readonly GroupId[]) {
      stage.clock.advance(11_000);
      return await contents(ids);
    },
  });
  assert.equal((await stage.run()).kept, 1);
  assert.deepEqual(stage.holders(), ['old']);
  assert.deepEqual(stage.old.sent, []);
});

test('one that somebody pushes to past the gateway stays, with what was pushed', async () => {
  const stage = openStage();
  stage.home.fail = () => {
    stage.old.pushgateway.push(ID);
    return undefined;
  };
  const run = await stage.run();
  assert.match(String(stage.moved[0]?.detail), /past the gateway/);
  assert.deepEqual([run.kept, stage.holders()], [1, ['old']]);
});

test('nothing is sent that cannot be written down', async () => {
  const stage = openStage();
  const append = () => Promise.reject(new Error('the disk is full'));
  const run = await stage.run({ audit: { append } });
  assert.equal(run.endedEarly, 'the disk is full');
  assert.deepEqual([stage.old.sent, stage.home.sent], [[], []]);
});

test('the copy that was pushed to last is kept, wherever it is', async () => {
  const stage = openStage();
  stage.home.pushgateway.push(ID);
  stage.clock.advance(1000);
  stage.old.pushgateway.push(ID);
  await stage.run();
  assert.deepEqual([stage.old.sent, stage.home.sent], [['DELETE'], ['PUT']]);
  stage.old.pushgateway.push(ID);
  stage.clock.advance(1000);
  stage.home.pushgateway.push(ID);
  await stage.run();
  assert.deepEqual([stage.old.sent, stage.home.sent], [['DELETE', 'DELETE'], ['PUT']]);
});
