import assert from 'node:assert/strict';
import { copyFile } from 'node:fs/promises';
import { describe, test } from 'node:test';
import { denied } from '../support/decision.ts';
import { eventually } from '../support/eventually.ts';
import { followPushgateway } from '../support/followed-store.ts';
import { claimed, groupId, groupPush } from '../support/group-push.ts';
import {
  PUSHGATEWAYS,
  type Pushgateway,
  type PushgatewayVersion,
  pushgatewayMissing,
  startPushgateway,
} from '../support/pushgateway.ts';
import { createScratch } from '../support/scratch.ts';

/** What happens to a store behind the back of those who follow it: one look, and all is right. */

type Follower = Awaited<ReturnType<typeof followPushgateway>>;

const GAUGE = 'gauge';

/** A Pushgateway whose store is in a file, to be started anew at the same address. */
async function openStage(version: PushgatewayVersion) {
  await using stack = new AsyncDisposableStack();
  const scratch = stack.use(await createScratch());
  const file = `${scratch.path}/stored`;
  const start = (port?: number): Promise<Pushgateway> =>
    startPushgateway({ version, persistenceFile: file, ...(port && { port }) });
  let pushgateway = await start();
  stack.defer(() => pushgateway[Symbol.asyncDispose]());
  const owned = stack.move();
  const { url, port } = pushgateway;
  return {
    url,
    /** Ends it, which writes its file, has `change` do something to that, and starts it anew. */
    async restart(change: (file: string) => Promise<void> = async () => {}): Promise<void> {
      await pushgateway.stop('SIGTERM');
      await change(file);
      pushgateway = await start(port);
    },
    /** Ends it before it can write anything. */
    async kill(): Promise<void> {
      await pushgateway.stop('SIGKILL');
      pushgateway = await start(port);
    },
    /** Through a gateway that follows it. */
    async push({ followed }: Follower, job: string, name: string, type: string): Promise<void> {
      const push = groupPush(job, `${name}:${type}`, { at: Date.now() });
      const claim = await claimed(followed.store, push);
      const body = `# TYPE ${name} ${type}\n${name} 1\n`;
      const { status } = await fetch(url + groupId(job), { method: 'PUT', body });
      assert.equal(status, 200);
      await claim.settle('stored');
    },
    async holds(...jobs: readonly string[]): Promise<void> {
      await eventually(`the jobs ${jobs}`, async () => {
        const held = (await pushgateway.groups()).map(({ labels }) => labels['job']);
        return held.toSorted().join() === jobs.join() || undefined;
      });
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

function jobsOf({ followed }: Follower): string {
  return [...followed.store.groups()]
    .map(({ key }) => key.job)
    .toSorted()
    .join();
}

async function isTaken({ followed }: Follower, job: string, families: string): Promise<boolean> {
  const claim = await followed.store.claim(groupPush(job, families));
  if (claim.effect === 'allow') await claim.value.settle('refused');
  else assert.equal(denied(claim).reason, 'inconsistent');
  return claim.effect === 'allow';
}

for (const version of PUSHGATEWAYS) {
  describe(`a Pushgateway ${version}`, { skip: pushgatewayMissing(version) }, () => {
    test('that starts anew with an older backup is known as it was then', async () => {
      await using stage = await openStage(version);
      await using follower = await followPushgateway(stage.url);
      await follower.probe();
      await stage.push(follower, 'a', 'old', GAUGE);
      await stage.restart((file) => copyFile(file, `${file}.backup`));
      await follower.probe();
      await stage.push(follower, 'b', 'fresh', GAUGE);
      assert.equal(jobsOf(follower), 'a,b');
      assert.equal(await isTaken(follower, 'c', 'fresh:counter'), false);

      await stage.restart((file) => copyFile(`${file}.backup`, file));
      await follower.probe();
      assert.equal(jobsOf(follower), 'a');
      assert.equal(await isTaken(follower, 'c', 'fresh:counter'), true);
      assert.equal(await isTaken(follower, 'c', 'old:counter'), false);
      await stage.push(follower, 'b', 'fresh', 'counter');
      await follower.poll();
      assert.deepEqual(follower.readings, ['read', 'read', 'read']);
      assert.deepEqual(follower.foreign, []);
    });

    test('that loses what it held at another start is known to be empty', async () => {
      await using stage = await openStage(version);
      await using follower = await followPushgateway(stage.url);
      await follower.probe();
      await stage.push(follower, 'a', 'rows', GAUGE);
      await stage.kill();
      await follower.probe();
      assert.equal(follower.followed.isReady(), true);
      assert.equal(jobsOf(follower), '');
      assert.equal(await isTaken(follower, 'b', 'rows:counter'), true);
      assert.deepEqual(follower.readings, ['read', 'read']);
    });

    test('that starts anew with all that it held is known as before', async () => {
      await using stage = await openStage(version);
      await using follower = await followPushgateway(stage.url);
      await follower.probe();
      await stage.push(follower, 'a', 'rows', GAUGE);
      const before = follower.followed.store.group(groupId('a'))?.pushedAt ?? 0;
      await stage.restart();
      await follower.probe();
      const group = follower.followed.store.group(groupId('a'));
      assert.ok(Math.abs((group?.pushedAt ?? 0) - before) < 10_000, 'its times are kept');
      assert.equal(await isTaken(follower, 'b', 'rows:counter'), false);
      await follower.poll();
      assert.deepEqual(follower.foreign, []);
    });

    test('that two gateways push to is right for both, one poll later', async () => {
      await using stage = await openStage(version);
      await using one = await followPushgateway(stage.url);
      await using other = await followPushgateway(stage.url);
      await Promise.all([one.probe(), other.probe()]);
      await stage.push(one, 'a', 'rows', GAUGE);
      await other.poll();
      assert.equal(jobsOf(other), 'a');
      assert.equal(await isTaken(other, 'b', 'rows:counter'), false);
      await stage.push(other, 'b', 'rows', GAUGE);
      await one.poll();
      assert.equal(jobsOf(one), 'a,b');

      for (const job of ['a', 'b']) {
        const claim = await one.followed.store.claimDelete(groupId(job));
        await fetch(stage.url + groupId(job), { method: 'DELETE' });
        await claim.settle('stored');
      }
      await stage.holds();
      await other.poll();
      assert.equal(jobsOf(other), '');
      assert.equal(await isTaken(other, 'c', 'rows:counter'), true);
    });

    test('a push that another gateway has made impossible is refused for 15 s at most', async () => {
      await using stage = await openStage(version);
      await using one = await followPushgateway(stage.url);
      await using other = await followPushgateway(stage.url);
      await one.probe();
      await stage.push(one, 'a', 'rows', GAUGE);
      await other.probe();
      const claim = await one.followed.store.claimDelete(groupId('a'));
      await fetch(stage.url + groupId('a'), { method: 'DELETE' });
      await claim.settle('stored');
      await stage.holds();
      assert.equal(await isTaken(other, 'b', 'rows:counter'), false, 'it was read just before');
      other.clock.advance(15_000);
      assert.equal(await isTaken(other, 'b', 'rows:counter'), true);
    });
  });
}
