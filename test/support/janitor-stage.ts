import type { AuditEvent } from '../../src/core/audit/audit-record.ts';
import { compilePolicy } from '../../src/core/policy/policy.ts';
import type { TeamSpec } from '../../src/core/policy/policy-spec.ts';
import type { ExpiredGroup, ExpiryRun } from '../../src/core/store/expiry-run.ts';
import type { GroupId } from '../../src/core/store/group.ts';
import type { ReadGroup } from '../../src/core/store/group-store.ts';
import type { UpstreamOutcome } from '../../src/core/store/upstream-outcome.ts';
import type { GroupingKey } from '../../src/core/target/grouping-key.ts';
import { renderPushTarget } from '../../src/core/target/grouping-key.ts';
import { parsePushTarget } from '../../src/core/target/push-target.ts';
import type { UpstreamRequest } from '../../src/pipeline/ports/upstream.ts';
import type { OperationalLog } from '../../src/pipeline/ports.ts';
import { createFollowedStore } from '../../src/store/follow-store.ts';
import type { FollowedStore } from '../../src/store/followed-store.ts';
import { type JanitorRun, runJanitor } from '../../src/store/janitor.ts';
import { allowed } from './decision.ts';
import { createStore, groupPush } from './group-push.ts';
import { manualClock } from './manual-clock.ts';
import { teamSpec } from './team-spec.ts';

export const HOUR_MS = 3_600_000;
export const DONE: UpstreamOutcome = { kind: 'answered', status: 202, attempts: 1, text: '' };
export const TIMED_OUT: UpstreamOutcome = {
  kind: 'failed',
  reason: 'upstream_timeout',
  mayBeApplied: true,
  attempts: 1,
  detail: 'the deadline passed',
};
export const UNREACHABLE: UpstreamOutcome = {
  kind: 'failed',
  reason: 'upstream_unreachable',
  mayBeApplied: false,
  attempts: 1,
  detail: 'refused',
};

interface Held {
  readonly key: GroupingKey;
  pushedAt: number | undefined;
  failedAt: number | undefined;
}

/** A Pushgateway that only has groups and a clock of its own, and misbehaves on order. */
export class ModelPushgateway {
  readonly groups = new Map<GroupId, Held>();
  /** What of its clock is ahead of the right time. */
  ahead = 0;
  isAway = false;
  startTime = '2026-01-01T00:00:00Z';
  /** Whether it says what its clock shows. */
  saysDate = true;
  readonly now: () => number;

  constructor(now: () => number) {
    this.now = () => now() + this.ahead;
  }

  push(id: GroupId, how: 'stored' | 'failed' = 'stored'): void {
    const { key } = allowed(parsePushTarget(id, { emptyValues: true }));
    const group = this.groups.get(id) ?? { key, pushedAt: undefined, failedAt: undefined };
    this.groups.set(id, group);
    if (how === 'stored') group.pushedAt = this.now();
    else group.failedAt = this.now();
  }

  /** Puts a group there as no path can name it. */
  put(key: GroupingKey, pushedAt: number): void {
    this.groups.set(renderPushTarget(key), { key, pushedAt, failedAt: undefined });
  }

  reader() {
    return {
      status: async () =>
        this.isAway
          ? undefined
          : {
              startTime: this.startTime,
              keepsNative: true,
              checksConsistency: false,
              ...(this.saysDate && { date: this.now() }),
            },
      groups: async (take: (groups: readonly ReadGroup[]) => Promise<void>): Promise<void> => {
        if (this.isAway) throw new Error('away');
        await take([...this.groups].map(([id, held]) => ({ id, families: [], ...held })));
      },
      scrape: async () => Promise.reject(new Error('none here')),
      look: async () => Promise.reject(new Error('none here')),
      contents: async (ids: readonly GroupId[]) =>
        ids.flatMap((id) => {
          const held = this.groups.get(id);
          return held ? [{ id, families: [], body: new Uint8Array(), isWhole: true, ...held }] : [];
        }),
      suspects: async () => [],
    };
  }
}

interface StageOptions {
  readonly teams?: readonly Partial<TeamSpec>[];
  /** One that was there before. */
  readonly before?: Pick<JanitorStage, 'pushgateway' | 'clock'>;
}

/** A janitor in front of a model of Pushgateway, with a clock that stands still until it is told. */
export interface JanitorStage {
  readonly clock: ReturnType<typeof manualClock>;
  readonly pushgateway: ModelPushgateway;
  readonly followed: FollowedStore;
  /** What was sent to delete, with the monotonic time. */
  readonly sent: { readonly id: GroupId; readonly at: number }[];
  readonly audit: AuditEvent[];
  readonly lines: { readonly message: string; readonly fields: Record<string, unknown> }[];
  readonly expired: ExpiredGroup[];
  /** Time passes, and the upstream is looked at every five seconds. */
  pass(milliseconds: number): Promise<void>;
  push(id: GroupId): Promise<void>;
  run(changes?: Partial<JanitorRun>): Promise<ExpiryRun>;
}

const TEAMS: readonly Partial<TeamSpec>[] = [
  { name: 'ci', jobs: ['ci_*'], groupTtl: [{ ttlMs: HOUR_MS }] },
];
const PROBE_MS = 5000;

export async function openJanitorStage({
  teams = TEAMS,
  before,
}: StageOptions = {}): Promise<JanitorStage> {
  const clock = before?.clock ?? manualClock(1_800_000_000_000);
  const right = clock.now() - clock.monotonic();
  const pushgateway = before?.pushgateway ?? new ModelPushgateway(() => right + clock.monotonic());
  const sent: JanitorStage['sent'] = [];
  const audit: AuditEvent[] = [];
  const lines: JanitorStage['lines'] = [];
  const expired: ExpiredGroup[] = [];
  const say = (message: string, fields: object = {}) =>
    void lines.push({ message, fields: { ...fields } });
  const log: OperationalLog = { info: say, warn: say, error: say };
  const specs = teams.map((team) => teamSpec(team));
  const policy = compilePolicy(specs);
  const store = createStore();
  await store.assignOwners(policy);
  const observer = { probed() {}, read() {}, changedByOthers() {}, scraped() {}, collided() {} };
  const followed = createFollowedStore({ store, clock, log, observer });
  followed.readBy(pushgateway.reader());
  await followed.probe();
  let requests = 0;
  return {
    ...{ clock, pushgateway, followed, sent, audit, lines, expired },
    async pass(milliseconds) {
      for (let left = milliseconds; left > 0; left -= PROBE_MS) {
        clock.advance(Math.min(left, PROBE_MS));
        if (milliseconds <= 12 * HOUR_MS || left <= PROBE_MS) await followed.probe();
      }
    },
    async push(id) {
      const push = groupPush(id, 'rows:gauge', { at: clock.now() });
      const claim = allowed(await followed.store.claim(push));
      pushgateway.push(id);
      await claim.settle('stored');
    },
    run: (changes = {}) =>
      runJanitor({
        ...{ followed, clock, log },
        async send({ path }: UpstreamRequest) {
          sent.push({ id: path, at: clock.monotonic() });
          pushgateway.groups.delete(path);
          return DONE;
        },
        audit: { append: async (event) => void audit.push(event) },
        rules: () => ({ teams: specs, policy }),
        rate: { count: 20, perMs: 1000 },
        isDryRun: false,
        timeoutMs: 10_000,
        newRequestId: () => `R${requests++}`,
        isOver: () => undefined,
        pause: async (ms) => clock.advance(ms),
        onExpired: (group) => void expired.push(group),
        ...changes,
      }),
  };
}
