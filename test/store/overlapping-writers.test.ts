import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { followPushgateway } from '../support/followed-store.ts';
import { claimed, groupId, textPush } from '../support/group-push.ts';
import { runningClock } from '../support/manual-clock.ts';
import { PUSHGATEWAYS, pushgatewayMissing, startPushgateway } from '../support/pushgateway.ts';

/** Somebody else pushes to groups that the gateway pushes to as well, between two looks. */

/** In which even a Pushgateway on a machine under load gives pushes different times. */
const APART_MS = 100;
/** After which a push that the scrape does not show was taken back. */
const DONE_MS = 2100;

async function openStage(version: (typeof PUSHGATEWAYS)[number]) {
  await using stack = new AsyncDisposableStack();
  const pushgateway = stack.use(await startPushgateway({ version }));
  const follower = stack.use(await followPushgateway(pushgateway.url, { running: runningClock() }));
  const send = async (method: string, job: string, body: string): Promise<void> => {
    const init = method === 'DELETE' ? { method } : { method, body };
    assert.ok((await fetch(pushgateway.url + groupId(job), init)).ok);
  };
  const owned = stack.move();
  return {
    ...follower,
    /** Past the gateway. */
    send,
    /** Through it. */
    async push(method: 'PUT' | 'POST', job: string, body: string): Promise<void> {
      const claim = await claimed(follower.followed.store, textPush(job, body, { method }));
      await send(method, job, body);
      await claim.settle('stored');
    },
    /** What the model has of a group. */
    has(job: string): string | undefined {
      const group = follower.followed.store.group(groupId(job));
      return group?.families.map(({ name, series }) => `${name} ${series}`).join();
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

describe('beside a gateway', { concurrency: true }, () => {
  for (const version of PUSHGATEWAYS) {
    describe(`before Pushgateway ${version}`, {
      skip: pushgatewayMissing(version),
      concurrency: 1,
    }, () => {
      let stage: Awaited<ReturnType<typeof openStage>>;

      before(async () => {
        stage = await openStage(version);
        // the dates of its answers, in whole seconds, say what its clock shows
        for (let probe = 0; probe < 20; probe += 1) {
          await stage.probe();
          await wait(50);
        }
        await stage.poll();
        assert.deepEqual(stage.readings, ['read']);
      });
      after(() => stage[Symbol.asyncDispose]());

      test('a push to a group that was just pushed to is seen by the next look', async () => {
        await stage.push('PUT', 'a', 'rows 1\n');
        await wait(APART_MS);
        await stage.send('PUT', 'a', 'rows{part="1"} 1\nrows{part="2"} 1\n');
        await stage.poll();
        assert.equal(stage.has('a'), 'rows 2');
        assert.equal(stage.foreign.length, 1);
      });

      test('a family that a push through the gateway leaves beside its own is', async () => {
        await stage.send('POST', 'a', 'strange 1\n');
        await wait(APART_MS);
        await stage.push('POST', 'a', 'more 1\n');
        await stage.poll();
        assert.equal(stage.has('a'), 'more 1,rows 2,strange 1');
        assert.equal(stage.foreign.length, 2);
      });

      test('a family known elsewhere is that a push through the gateway leaves beside its own', async () => {
        await stage.push('PUT', 'd', 'known 1\n');
        await stage.poll();
        await stage.send('POST', 'a', 'known{part="1"} 1\n');
        await wait(APART_MS);
        await stage.push('POST', 'a', 'more 1\n');
        await stage.poll();
        assert.equal(stage.has('a'), 'known 1,more 1,rows 2,strange 1');
        assert.equal(stage.foreign.length, 3);
      });

      test('a family that a push past the gateway took away before is', async () => {
        await stage.send('PUT', 'a', 'rows{part="1"} 1\nrows{part="2"} 1\n');
        await wait(APART_MS);
        await stage.push('POST', 'a', 'more 1\n');
        await stage.poll();
        assert.equal(stage.has('a'), 'more 1,rows 2');
        assert.equal(stage.foreign.length, 4);
      });

      test('the deletion of a group that was just pushed to is, once that must be done', async () => {
        await stage.push('PUT', 'b', 'rows 1\n');
        await stage.send('DELETE', 'b', '');
        await wait(DONE_MS);
        await stage.poll();
        assert.equal(stage.has('b'), undefined);
      });

      test('pushes through the gateway alone lead to no reading', async () => {
        const before = stage.readings.length;
        for (const part of [1, 2]) {
          await stage.push('POST', 'a', `rows{part="${part}"} 1\n`);
          await stage.push('PUT', 'c', `fresh_${part} 1\n`);
          await stage.poll();
        }
        assert.equal(stage.readings.length, before);
      });
    });
  }
});
