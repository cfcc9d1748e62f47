import assert from 'node:assert/strict';
import { test } from 'node:test';
import { allow, type Deny, deny } from '../../src/core/decision.ts';
import type { SpoolEntry } from '../../src/core/spool/spool-entry.ts';
import type { GroupClaim, GroupStore } from '../../src/core/store/group-store.ts';
import type { UpstreamOutcome } from '../../src/core/store/upstream-outcome.ts';
import type { KeptPush } from '../../src/pipeline/ports/spool.ts';
import type { Upstream } from '../../src/pipeline/ports/upstream.ts';
import { createSpool } from '../../src/spool/open-spool.ts';
import { SpoolReplay } from '../../src/spool/replay.ts';
import { allowed } from '../support/decision.ts';
import { manualClock } from '../support/manual-clock.ts';

const CLAIM: GroupClaim = { adopted: [], settle: async () => undefined };
const BODY = Buffer.from('f 1\n');
const STORED: UpstreamOutcome = { kind: 'answered', status: 200, attempts: 1, text: '' };
const FAILED = { kind: 'failed', attempts: 1, detail: '' } as const;
const REFUSED: UpstreamOutcome = {
  ...{ ...FAILED, reason: 'upstream_unreachable', mayBeApplied: false },
};
const HANGS: UpstreamOutcome = { ...FAILED, reason: 'upstream_timeout', mayBeApplied: true };
const INVALID: UpstreamOutcome = { kind: 'answered', status: 400, attempts: 1, text: 'no' };
const JOB = '/metrics/job/';
const MAX_AGE_MS = 60_000;

/** A spool with a disk in memory, and an upstream that answers by the path of a request. */
function open(outcomes: Readonly<Record<string, UpstreamOutcome>> = {}) {
  const clock = manualClock();
  const log = { info() {}, warn() {}, error() {} };
  const spool = createSpool(
    {
      ...{ clock, log, isRestoring: true },
      bounds: () => ({ maxBytes: 1e6, maxAgeMs: MAX_AGE_MS }),
      observer: { kept() {}, failed() {}, replaced() {} },
    },
    {
      ...{ entries: [], damaged: 0 },
      ...{ write: async () => undefined, body: async () => BODY, close: async () => undefined },
    },
  );
  const state = {
    clock,
    spool,
    outcomes: { ...outcomes },
    refusal: undefined as Deny | undefined,
    isDue: false,
    isUp: true,
    sent: [] as string[],
    ends: [] as string[],
    pushedAt: undefined as number | undefined,
  };
  const store: Pick<GroupStore, 'claim' | 'claimDelete' | 'group'> = {
    claim: async () => allow(CLAIM),
    claimDelete: async () => CLAIM,
    group: () => ({ pushedAt: state.pushedAt }) as ReturnType<GroupStore['group']>, // all that is read
  };
  const upstream = {
    store,
    async send({ method, path }: { method: string; path: string }) {
      const job = path.slice(JOB.length);
      state.sent.push(`${method} ${job}`);
      return state.outcomes[job] ?? STORED;
    },
    tidy: async () => false,
    [Symbol.dispose]() {},
  } as unknown as Upstream; // what else it has is of no use to a replay
  const replay = new SpoolReplay({
    ...{ spool, clock, log, maxAgeMs: MAX_AGE_MS },
    parse: async () => allow({ families: [], series: 0 } as never), // the store here takes anything
    isObserved: () => false,
    upstream: () => upstream,
    isUp: () => state.isUp,
    refresh: async () => true,
    checkRights: () => state.refusal,
    isDue: () => state.isDue,
    timeoutMs: () => 1000,
    onEnd: async ({ outcome, entry, refusal }) => {
      state.ends.push(
        [outcome, entry.group.slice(JOB.length), refusal?.reason].filter(Boolean).join(' '),
      );
    },
  });
  const keep = async (job: string, method: KeptPush['method'] = 'PUT'): Promise<void> => {
    const common = {
      group: JOB + job,
      method,
      mediaType: 'text',
      body: BODY,
      families: ['f'],
    } as const;
    const sender = { requestId: job, team: 't', credential: 'c', at: clock.now() };
    allowed(await spool.keep({ ...common, ...sender, claim: CLAIM }));
  };
  return Object.assign(state, { replay, keep });
}

const sentAt = (entries: readonly SpoolEntry[]) => entries.map((one) => one.sentAt);

test('a clock that jumps ahead gives up nothing, and what is too old goes all the same', async () => {
  const lab = open({ a: REFUSED });
  await lab.keep('a');
  await lab.replay.run();
  lab.clock.jump(10 * MAX_AGE_MS);
  await lab.replay.run();
  assert.deepEqual(lab.ends, []);
  lab.clock.advance(MAX_AGE_MS + 1);
  await lab.replay.run();
  assert.deepEqual(lab.ends, ['expired a']);
});

test('what waits is given up at its age though the clock was set back after it came', async () => {
  const lab = open({ a: REFUSED, b: REFUSED });
  await lab.keep('a');
  await lab.replay.run();
  lab.clock.jump(-MAX_AGE_MS);
  await lab.keep('b');
  lab.clock.advance(MAX_AGE_MS + 1);
  await lab.replay.run();
  assert.deepEqual(lab.ends, ['expired b']);
});

test('a push whose team may not make it any more is rejected and never sent', async () => {
  const lab = open();
  await lab.keep('a');
  lab.refusal = deny('job_not_allowed');
  await lab.replay.run();
  assert.deepEqual([lab.ends, lab.sent], [['rejected a job_not_allowed'], []]);
});

test('what Pushgateway had and lost is sent though its team may not push it any more, unless it is due', async () => {
  for (const isDue of [false, true]) {
    const lab = open();
    await lab.keep('a');
    await lab.replay.run();
    Object.assign(lab, { isDue, refusal: deny('job_not_allowed') });
    lab.spool.index.restore(`${JOB}a`);
    await lab.replay.run();
    assert.equal(lab.ends.at(-1), isDue ? 'expired a' : 'delivered a');
  }
});

test('one that hangs or that Pushgateway refuses holds up no other', async () => {
  const lab = open({ a: HANGS, b: INVALID });
  for (const group of ['a', 'b', 'c']) await lab.keep(group);
  await lab.replay.run();
  assert.deepEqual(lab.ends.toSorted(), ['delivered c', 'rejected b upstream_rejected']);
  lab.outcomes = {};
  lab.clock.advance(40_000);
  await lab.replay.run();
  assert.deepEqual(lab.ends.slice(2).toSorted(), ['delivered a']);
  assert.equal(lab.sent.filter((one) => one === 'PUT b').length, 1);
});

test('what certainly did not go out is still held against a newer push of somebody else', async () => {
  const lab = open({ a: REFUSED, b: HANGS });
  await lab.keep('a');
  await lab.keep('b');
  await lab.replay.run();
  assert.deepEqual(sentAt(lab.spool.index.waiting(`${JOB}a`)), [undefined]);
  assert.notDeepEqual(sentAt(lab.spool.index.waiting(`${JOB}b`)), [undefined]);
  lab.outcomes = {};
  lab.clock.advance(40_000);
  lab.pushedAt = lab.clock.now() - 1000;
  await lab.replay.run();
  // Of the other one it may be its own.
  assert.deepEqual(lab.ends.toSorted(), ['delivered b', 'rejected a inconsistent']);
});

test('what came to wait in an outage does not wait for what failed before it', async () => {
  const lab = open({ a: HANGS });
  await lab.keep('a');
  await lab.replay.run();
  await lab.keep('b');
  await lab.replay.run();
  assert.deepEqual(lab.ends, []);
  lab.isUp = false;
  await lab.replay.run();
  lab.isUp = true;
  await lab.replay.run();
  assert.deepEqual(lab.ends, ['delivered b']);
});
