import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { UpstreamOutcome } from '../../src/core/store/upstream-outcome.ts';
import { followPushgateway } from '../support/followed-store.ts';
import { claimed, groupPush } from '../support/group-push.ts';
import { PUSHGATEWAYS, pushgatewayMissing, startPushgateway } from '../support/pushgateway.ts';

const FAMILIES = 'rows:gauge';
const AWAY: UpstreamOutcome = {
  kind: 'failed',
  reason: 'upstream_unreachable',
  mayBeApplied: false,
  attempts: 1,
  detail: 'away',
};

for (const version of PUSHGATEWAYS) {
  describe(`expiry in a Pushgateway ${version}`, { skip: pushgatewayMissing(version) }, () => {
    async function openStage() {
      await using stack = new AsyncDisposableStack();
      const pushgateway = stack.use(await startPushgateway({ version }));
      const path = `${pushgateway.url}/metrics/job/a`;
      await fetch(path, { method: 'PUT', body: '# TYPE rows gauge\nrows 1\n' });
      const stage = stack.use(await followPushgateway(pushgateway.url));
      await stage.followed.probe();
      const [group] = stage.followed.store.groups();
      assert.ok(group);
      const removals: string[] = [];
      const remove = async (): Promise<UpstreamOutcome> => {
        removals.push(group.id);
        const { status } = await fetch(path, { method: 'DELETE' });
        return { kind: 'answered', status, attempts: 1, text: '' };
      };
      const owned = stack.move();
      return {
        ...stage,
        id: group.id,
        removals,
        remove,
        steps: { isDue: () => true, announce: async () => {}, remove },
        [Symbol.asyncDispose]: () => owned.disposeAsync(),
      };
    }

    test('a push under way keeps its group; once it is settled the group may go', async () => {
      await using stage = await openStage();
      const { followed, id, steps, removals, clock } = stage;
      const claim = await claimed(followed.store, groupPush('a', FAMILIES, { at: clock.now() }));
      assert.deepEqual(await followed.expire(id, steps), { kind: 'kept' });
      assert.deepEqual(removals, []);
      await claim.settle('refused');
      assert.equal((await followed.expire(id, steps)).kind, 'sent');
      assert.equal(followed.store.group(id), undefined);
    });

    test('a push that comes meanwhile waits until the group is gone', async () => {
      await using stage = await openStage();
      const { followed, id, steps, clock } = stage;
      const order: string[] = [];
      let push: Promise<unknown> = Promise.resolve();
      const end = await followed.expire(id, {
        ...steps,
        async announce() {
          push = claimed(followed.store, groupPush('a', FAMILIES, { at: clock.now() })).then(
            async (claim) => {
              order.push('claimed');
              await claim.settle('stored');
            },
          );
        },
        async remove() {
          const outcome = await steps.remove();
          order.push('removed');
          return outcome;
        },
      });
      await push;
      assert.equal(end.kind, 'sent');
      assert.deepEqual(order, ['removed', 'claimed']);
      assert.ok(followed.store.group(id));
    });

    test('nothing is sent that could not be written down', async () => {
      await using stage = await openStage();
      const { followed, id, steps, removals } = stage;
      const announce = () => Promise.reject(new Error('the disk is full'));
      await assert.rejects(followed.expire(id, { ...steps, announce }), /disk/);
      assert.deepEqual(removals, []);
      assert.equal((await followed.expire(id, steps)).kind, 'sent');
    });

    test('a group that is not due any more, or whose upstream is away, stays', async () => {
      await using stage = await openStage();
      const { followed, id, steps } = stage;
      assert.deepEqual(await followed.expire(id, { ...steps, isDue: () => false }), {
        kind: 'kept',
      });
      const away = await followed.expire(id, { ...steps, remove: async () => AWAY });
      assert.deepEqual(away, { kind: 'sent', outcome: AWAY });
      assert.ok(followed.store.group(id));
    });
  });
}
