import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import fc from 'fast-check';
import type { GroupId } from '../../src/core/store/group.ts';
import type { ReadGroup } from '../../src/core/store/group-store.ts';
import type { UpstreamRequest } from '../../src/pipeline/ports/upstream.ts';
import { allowed } from '../support/decision.ts';
import { groupPush } from '../support/group-push.ts';
import { DONE, HOUR_MS, openJanitorStage, TIMED_OUT } from '../support/janitor-stage.ts';

/**
 * Pushes, deletions by age, readings and the passing of time in every order: a push of which the
 * gateway was told that it was stored, and one of which nobody knows, is never deleted in its time.
 */

const GROUPS = ['a', 'b', 'c'].map((name) => `/metrics/job/ci_${name}`);

type Step =
  | { readonly kind: 'push'; readonly group: GroupId; readonly end: 'stored' | 'lost' | 'late' }
  | { readonly kind: 'foreign'; readonly group: GroupId }
  | { readonly kind: 'time'; readonly minutes: number }
  | { readonly kind: 'run' | 'look' };

const group = fc.constantFrom(...GROUPS);
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('push' as const),
      group,
      end: fc.constantFrom('stored', 'stored', 'stored', 'lost', 'late'),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('foreign' as const), group }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('time' as const),
      minutes: fc.constantFrom(1, 31, 61),
    }),
  },
  { weight: 4, arbitrary: fc.record({ kind: fc.constantFrom('run' as const, 'look' as const) }) },
);

test('nothing that was pushed to within its time is deleted, in whatever order things happen', async () => {
  let deleted = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { minLength: 6, maxLength: 30 }),
      fc.scheduler(),
      async (steps, scheduler) => {
        const stage = await openJanitorStage();
        const { clock, pushgateway, followed } = stage;
        const plain = pushgateway.reader();
        followed.readBy({
          ...plain,
          // what is read is of the beginning of the reading, what is done with it comes later
          async groups(take) {
            let listed: readonly ReadGroup[] = [];
            await plain.groups(async (groups) => {
              listed = groups;
            });
            await scheduler.schedule(Promise.resolve(), 'listing');
            await take(listed);
          },
        });
        const pushedAt = new Map<GroupId, number>();
        const under = new Set<GroupId>();
        const wrong: string[] = [];

        const deleteGroup = async ({ path }: UpstreamRequest) => {
          await scheduler.schedule(Promise.resolve(), `DELETE ${path}`);
          const age = clock.monotonic() - (pushedAt.get(path) ?? Number.NEGATIVE_INFINITY);
          if (age <= HOUR_MS)
            wrong.push(`${path} was deleted at the age of ${age / 60_000} minutes`);
          if (under.has(path)) wrong.push(`${path} was deleted under a push`);
          pushgateway.groups.delete(path);
          deleted += 1;
          await scheduler.schedule(Promise.resolve(), `answer ${path}`);
          return deleted % 7 === 0 ? TIMED_OUT : DONE;
        };
        const push = async (id: GroupId, end: 'stored' | 'lost' | 'late'): Promise<void> => {
          const asked = followed.store.claim(groupPush(id, 'rows:gauge', { at: clock.now() }));
          const claim = allowed(await asked);
          under.add(id);
          const store = (): void => {
            pushgateway.push(id);
            pushedAt.set(id, clock.monotonic());
          };
          await scheduler.schedule(Promise.resolve(), `push ${id}`);
          if (end === 'stored') store();
          // it is sent before the answer is given up, and may be stored within minutes
          const sentAt = clock.monotonic();
          const isInTime = () => clock.monotonic() - sentAt < 600_000;
          const later = end === 'late' && scheduler.schedule(Promise.resolve(), `late ${id}`);
          under.delete(id);
          await claim.settle(end === 'stored' ? 'stored' : 'unknown');
          if (later) await later;
          if (later && isInTime()) store();
        };

        const pending: Promise<unknown>[] = [];
        for (const one of steps) {
          switch (one.kind) {
            case 'push':
              pending.push(push(one.group, one.end));
              break;
            case 'foreign':
              // somebody past the gateway, when no run is under way: nobody can be kept apart from that
              await scheduler.waitIdle();
              pushgateway.push(one.group);
              pushedAt.set(one.group, clock.monotonic());
              break;
            case 'time':
              if (one.minutes > 1) await scheduler.waitIdle();
              clock.advance(one.minutes * 60_000);
              break;
            case 'run':
              pending.push(stage.run({ send: deleteGroup }));
              break;
            case 'look':
              pending.push(followed.renew());
              break;
          }
          await nextTurn();
          if (one.kind !== 'push' && scheduler.count() > 0) await scheduler.waitOne();
          await nextTurn();
        }
        await scheduler.waitIdle();
        await Promise.all(pending);
        assert.deepEqual(wrong, []);
      },
    ),
    { numRuns: 300 },
  );
  assert.ok(deleted > 100, `${deleted} deletions`);
});
