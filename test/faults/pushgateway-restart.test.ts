import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createPushgatewayClient } from '../../src/upstream/pushgateway-client.ts';
import { followPushgateway } from '../support/followed-store.ts';
import { startGateway } from '../support/gateway.ts';
import { groupPush } from '../support/group-push.ts';
import { PUSHGATEWAYS, pushgatewayMissing, startPushgateway } from '../support/pushgateway.ts';
import { createScratch } from '../support/scratch.ts';
import { tokenCredential } from '../support/test-credential.ts';

const TOKEN = tokenCredential('nightly');

for (const version of PUSHGATEWAYS) {
  const skip = pushgatewayMissing(version);
  test(`row 61: Pushgateway ${version} that was killed is read before the next push`, {
    skip,
  }, async () => {
    await using scratch = await createScratch();
    await using stack = new AsyncDisposableStack();
    const start = (port?: number) =>
      startPushgateway({
        version,
        persistenceFile: `${scratch.path}/stored`,
        args: ['--push.disable-consistency-check'],
        ...(port && { port }),
      });
    let pushgateway = await start();
    stack.defer(() => pushgateway[Symbol.asyncDispose]());
    await using gateway = await startGateway({
      upstream: { url: pushgateway.url },
      teams: { batch: { jobs: ['*'], allow: ['push', 'delete'], credentials: [TOKEN.spec] } },
    });
    const ask = async (method: string, job: string, body?: string): Promise<number> => {
      const headers = { authorization: TOKEN.authorization };
      const init = { method, headers, ...(body && { body }) };
      return (await fetch(`${gateway.url}/metrics/job/${job}`, init)).status;
    };
    const put = async (job: string, type: string): Promise<number> =>
      await ask('PUT', job, `# TYPE rows ${type}\nrows 1\n`);
    assert.equal(await put('a', 'gauge'), 202);
    await pushgateway.stop('SIGTERM');
    pushgateway = await start(pushgateway.port);
    assert.equal(await put('b', 'gauge'), 202);
    assert.equal(await ask('DELETE', 'a'), 202);
    assert.equal(await ask('DELETE', 'b'), 202);
    // What was deleted comes back: the gateway has nothing of it in its model.
    await pushgateway.stop('SIGKILL');
    pushgateway = await start(pushgateway.port);
    assert.equal(await put('b', 'counter'), 400);
    assert.equal((await pushgateway.scrape()).status, 200);
    assert.equal(await put('b', 'gauge'), 202);
  });
}

test('row 61: a push that was held against what it held does not go out once it may be another', {
  skip: pushgatewayMissing('1.5'),
}, async () => {
  await using pushgateway = await startPushgateway({ version: '1.5' });
  await using stage = await followPushgateway(pushgateway.url);
  await using stack = new AsyncDisposableStack();
  const client = createPushgatewayClient({ url: pushgateway.url, connections: 1 });
  stack.defer(() => client.close());
  await stage.probe();
  const push = async (job: string, meanwhile: () => void) => {
    const claim = await stage.followed.store.claim(groupPush(job, 'rows:gauge'));
    assert.ok(claim.effect === 'allow');
    meanwhile();
    return await client.send({
      ...{ method: 'PUT', path: `/metrics/job/${job}`, contentType: undefined },
      ...{ body: Buffer.from('rows 1\n'), requestId: job, deadline: performance.now() + 5000 },
      isCurrent: claim.value.isCurrent,
    });
  };
  assert.equal((await push('a', () => undefined)).kind, 'answered');
  const late = await push('b', () => stage.followed.noteDisconnect());
  assert.ok(late.kind === 'failed' && late.reason === 'upstream_unreachable' && !late.mayBeApplied);
  await stage.probe();
  assert.equal((await push('c', () => undefined)).kind, 'answered');
  assert.match(
    (await pushgateway.scrape()).body,
    /^rows\{instance="",job="a"\} 1\nrows\{instance="",job="c"\}/m,
  );
});
