import assert from 'node:assert/strict';
import type { ServerResponse } from 'node:http';
import { describe, test } from 'node:test';
import { eventually } from '../support/eventually.ts';
import { startGateway } from '../support/gateway.ts';
import {
  goodClaims,
  type IssuerBehaviour,
  type IssuerServer,
  startIssuerServer,
} from '../support/issuer-server.ts';
import { TOKEN } from '../support/one-team.ts';
import { startRecordingUpstream } from '../support/recording-upstream.ts';
import { createSigningKey } from '../support/signing-key.ts';
import { pushAs, readMetric, workload } from '../support/workload.ts';

/** An issuer that fails in every way it can, and what becomes of pushes meanwhile. */

/** A gateway that believes the issuer; its keys are found by discovery. */
async function openStage(stack: AsyncDisposableStack, issuer: IssuerServer) {
  const upstream = stack.use(await startRecordingUpstream());
  const document = workload({ url: upstream.url }, { issuer: issuer.issuer });
  const gateway = stack.use(await startGateway(document));
  return {
    gateway,
    push: (token: string) => pushAs(gateway.url, `Bearer ${token}`),
    failures: () =>
      readMetric(gateway.adminUrl, 'pushwarden_jwks_refresh_failures_total{issuer="ci"}'),
  };
}

/** The same, once the keys are loaded. */
async function openLoadedStage(stack: AsyncDisposableStack, issuer: IssuerServer) {
  const stage = await openStage(stack, issuer);
  assert.equal((await stage.push(await issuer.token())).status, 200);
  assert.equal(issuer.fetches.keys, 1);
  return stage;
}

function pour(res: ServerResponse): void {
  while (!res.destroyed && res.write(Buffer.alloc(65_536, 0x20)));
  if (!res.destroyed) res.once('drain', () => pour(res));
}

const BROKEN: readonly (readonly [what: string, behaviour: IssuerBehaviour])[] = [
  ['answers 500', (_, res) => res.writeHead(500).end()],
  ['answers HTML', (_, res) => res.end('<html>log in</html>')],
  ['answers an empty set', (_, res) => res.end('{"keys":[]}')],
  ['answers without end', (_, res) => pour(res)],
  ['redirects', (_, res) => res.writeHead(302, { location: '/keys2' }).end()],
  ['hangs', () => {}],
  ['breaks off', (req) => req.socket.destroy()],
];
// some wait for seconds; all at once they would wait for each other
describe('the issuer of tokens', { concurrency: 2 }, () => {
  for (const [what, behaviour] of BROKEN) {
    test(`row 34: while the issuer ${what}, known keys are as good as ever`, async () => {
      await using stack = new AsyncDisposableStack();
      const issuer = stack.use(await startIssuerServer());
      const stage = await openLoadedStage(stack, issuer);
      issuer.behave(behaviour);
      const stranger = await createSigningKey('stranger');
      const memory = process.memoryUsage().rss;
      const refused = await stage.push(await stranger.sign(goodClaims(issuer.issuer)));
      assert.equal(refused.status, 401);
      assert.equal((await stage.push(await issuer.token({ jti: 'another' }))).status, 200);
      // more than one only where the seconds between two attempts are over
      const failures = await stage.failures();
      assert.ok(failures !== undefined && failures >= 1);
      assert.equal(issuer.fetches.keys, 1 + failures);
      assert.ok(process.memoryUsage().rss - memory < 500_000_000);
    });
  }

  test('row 32: an issuer that is down at the start makes its tokens 503 and no other', async () => {
    await using stack = new AsyncDisposableStack();
    const issuer = stack.use(await startIssuerServer());
    const token = await issuer.token();
    await issuer.listen(false);
    const { gateway, push, failures } = await openStage(stack, issuer);
    const refused = await push(token);
    assert.equal(refused.status, 503);
    assert.equal(refused.statusText, 'Service Unavailable (issuer_unavailable)');
    assert.equal(refused.headers.get('retry-after'), '5');
    assert.doesNotMatch(await refused.text(), /ECONNREFUSED|127\.0\.0\.1/);
    assert.equal((await pushAs(gateway.url, TOKEN.authorization)).status, 200);
    assert.ok(((await failures()) ?? 0) >= 1);
    await issuer.listen(true);
    await eventually('the keys', async () => (await push(token)).status === 200 || undefined);
    assert.equal(issuer.fetches.keys, 1);
  });

  test('row 33: an issuer that goes away later is not missed, over a reload too', async () => {
    await using stack = new AsyncDisposableStack();
    const issuer = stack.use(await startIssuerServer());
    const { gateway, push } = await openLoadedStage(stack, issuer);
    await issuer.listen(false);
    assert.equal((await push(await issuer.token({ jti: '1' }))).status, 200);
    const reload = await fetch(`${gateway.adminUrl}/-/reload`, { method: 'POST' });
    assert.equal(reload.status, 200);
    assert.equal((await push(await issuer.token({ jti: '2' }))).status, 200);
    const age =
      Date.now() / 1000 -
      ((await readMetric(
        gateway.adminUrl,
        'pushwarden_jwks_last_refresh_timestamp_seconds{issuer="ci"}',
      )) ?? 0);
    assert.ok(age >= 0 && age < 60, `${age} s`);
  });

  test('row 35: keys that change are loaded once for the first token of the new one', async () => {
    await using stack = new AsyncDisposableStack();
    const issuer = stack.use(await startIssuerServer());
    const { push } = await openLoadedStage(stack, issuer);
    const old = await issuer.token();
    issuer.publish(await createSigningKey('second'));
    const tokens = await Promise.all(Array.from({ length: 10 }, () => issuer.token()));
    const answers = await Promise.all(tokens.map(push));
    assert.deepEqual(
      answers.map(({ status }) => status),
      tokens.map(() => 200),
    );
    assert.equal(issuer.fetches.keys, 2);
    assert.equal((await push(old)).status, 401);
  });

  test('row 35: keys are not loaded for each of two hundred tokens of unknown ones', async () => {
    await using stack = new AsyncDisposableStack();
    const issuer = stack.use(await startIssuerServer());
    const { push } = await openLoadedStage(stack, issuer);
    const stranger = await createSigningKey('stranger');
    for (let run = 0; run < 10; run += 1) {
      const answers = await Promise.all(
        Array.from({ length: 20 }, async (_, index) =>
          push(await stranger.sign(goodClaims(issuer.issuer), { kid: `${run}.${index}` })),
        ),
      );
      assert.ok(answers.every(({ status }) => status === 401));
    }
    assert.equal(issuer.fetches.keys, 2);
  });

  test('an issuer that is down holds up nobody who has another credential', async () => {
    await using stack = new AsyncDisposableStack();
    const issuer = stack.use(await startIssuerServer());
    issuer.behave(() => {});
    const { gateway, push } = await openStage(stack, issuer);
    const order: number[] = [];
    const waiting = push(await issuer.token()).then(({ status }) => order.push(status));
    order.push((await pushAs(gateway.url, TOKEN.authorization)).status);
    await waiting;
    assert.deepEqual(order, [200, 503]);
  });
});
