import assert from 'node:assert/strict';
import { test } from 'node:test';
import { denied } from '../support/decision.ts';
import { claimed, createStore, pushAll, textPush } from '../support/group-push.ts';
import { collidingValue, seriesHash } from '../support/hash-collision.ts';
import { PUSHGATEWAYS, pushgatewayMissing, startPushgateway } from '../support/pushgateway.ts';

/**
 * The attack: Pushgateway tells series apart by a hash that anybody can invert. A team with one job
 * chooses a label value, so that its series has the hash of another one: of another team's, of the
 * time stamp that the first push to another group would bring, of a request that Pushgateway has not
 * counted yet. From then on the one that comes later ends the scrape for everybody.
 */
const EVIL = { job: 'evil', instance: '' };

function evilBody(hash: bigint): string {
  return `evil{zz="${collidingValue(hash, 'evil', EVIL)}"} 1\n`;
}

const VICTIM = seriesHash('rows', { job: 'victim', instance: '', table: 'orders' });
const STAMP = seriesHash('push_time_seconds', { job: 'victim', instance: 'x9' });
const FAILURE = seriesHash('push_failure_time_seconds', { job: 'victim', instance: 'x9' });
const REQUEST = seriesHash('pushgateway_http_requests_total', {
  code: '503',
  handler: 'api/v1/status',
  method: 'get',
});

for (const version of PUSHGATEWAYS) {
  const skip = pushgatewayMissing(version);
  test(`Pushgateway ${version} takes equal hashes for one series`, { skip }, async () => {
    await using gateway = await startPushgateway({ version });
    const push = (path: string, body: string) =>
      fetch(gateway.url + path, { method: 'PUT', body }).then(({ status }) => status);
    assert.equal(await push('/metrics/job/victim', 'rows{table="orders"} 1\n'), 200);
    assert.equal(await push('/metrics/job/evil', evilBody(VICTIM)), 400);
    assert.equal(await push('/metrics/job/evil', evilBody(VICTIM ^ 1n)), 200);
    assert.equal(await push('/metrics/job/evil', evilBody(STAMP)), 200);
    assert.equal(await push('/metrics/job/victim/instance/x9', 'rows 1\n'), 400);
    assert.equal((await gateway.scrape()).status, 500);
  });
}

test('a series with the hash of a stored one is refused, and named to nobody', async () => {
  const store = createStore();
  await pushAll(store, textPush('victim', 'rows{table="orders"} 1\n'));
  const refusal = denied(await store.claim(textPush('evil', evilBody(VICTIM), { team: 'evil' })));
  assert.equal(refusal.reason, 'inconsistent');
  assert.match(refusal.detail ?? '', /^a series of "evil" has the hash of another series$/);
  assert.doesNotMatch(JSON.stringify({ ...refusal, internal: '' }), /victim|orders|rows/);
  assert.match(refusal.internal ?? '', /evil .*job="evil".* with rows in \/metrics\/job\/victim$/);
  assert.equal(refusal.isCollision, true);
  await pushAll(store, textPush('evil', evilBody(VICTIM ^ 1n)));
});

test('a group is refused whose time stamps have the hash of a stored series', async () => {
  const store = createStore();
  await pushAll(store, textPush('evil', evilBody(STAMP)));
  const refusal = denied(await store.claim(textPush('victim/instance/x9', 'rows 1\n')));
  assert.match(refusal.internal ?? '', /push_time_seconds .* with evil in \/metrics\/job\/evil/);
  await pushAll(store, textPush('victim/instance/x8', 'rows 1\n'));
});

for (const [what, hash] of [
  ['time of the last push', STAMP],
  ['time of the last failed push', FAILURE],
] as const) {
  test(`a series with the hash of the ${what} of a stored group is refused`, async () => {
    const store = createStore();
    await pushAll(store, textPush('victim/instance/x9', 'rows 1\n'));
    denied(await store.claim(textPush('evil', evilBody(hash))));
  });
}

test('a series with the hash of a time stamp of its own new group is refused', async () => {
  const store = createStore();
  const own = seriesHash('push_time_seconds', EVIL);
  denied(await store.claim(textPush('evil', evilBody(own))));
  assert.equal(store.group('/metrics/job/evil'), undefined);
});

test('two series of one push with equal hashes are refused', async () => {
  const store = createStore();
  const other = seriesHash('other', { ...EVIL, a: 'b' });
  denied(await store.claim(textPush('evil', `${evilBody(other)}other{a="b"} 1\n`)));
  denied(await store.claim(textPush('evil', `other{a="b"} 1\n${evilBody(other)}`)));
  await pushAll(store, textPush('evil', 'other{a="b"} 1\n'));
  denied(await store.claim(textPush('evil', `${evilBody(other)}other{a="b"} 1\n`)));
});

for (const end of ['stored', 'unknown'] as const) {
  test(`two series with equal hashes are refused where pushes that were ${end} may have left both`, async () => {
    const store = createStore();
    const other = seriesHash('other', { ...EVIL, a: 'b' });
    const [one, two] = [evilBody(other), 'other{a="b"} 1\n'];
    const claims = [await claimed(store, textPush('evil', one))];
    claims.push(await claimed(store, textPush('evil', two)));
    for (const claim of claims) await claim.settle(end);
    denied(await store.claim(textPush('evil', one + two)));
    denied(await store.claim(textPush('evil', one, { method: 'POST' })));
    if (end === 'stored') await pushAll(store, textPush('evil', one));
  });
}

test('a series with the hash of a request that Pushgateway may count one day is refused', async () => {
  const store = createStore();
  denied(await store.claim(textPush('evil', evilBody(REQUEST))));
  const summary = seriesHash('pushgateway_http_push_size_bytes', { method: 'put' });
  denied(await store.claim(textPush('evil', evilBody(summary))));
});
