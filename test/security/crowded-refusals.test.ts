import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { push, type Stage, startStage, TOKEN } from '../faults/stage.ts';
import { exchange } from '../support/raw-http.ts';

/**
 * The attack: who is unknown is refused, from so many addresses that the refusals take their turns for
 * seconds. Refusals of a team and probes waited among them, and a refused push that waited had one of
 * the places of its team, which its other pushes then waited for.
 */
const ADDRESSES = 500;
/** The body does not come: to refuse it costs most. */
const UNKNOWN =
  'PUT /metrics/job/a HTTP/1.1\r\nHost: g\r\nAuthorization: Bearer x\r\nContent-Length: 9\r\n\r\n';
/** Of an answer that waits for no crowd. */
const SOON_MS = 1500;

let stage: Stage;
before(async () => {
  const limits = { rate: '100000/s', burst: 100_000, concurrent: 8 };
  stage = await startStage({ defaults: { limits } });
});
after(() => stage[Symbol.asyncDispose]());

/** A push whose body is refused once it was read. */
async function pushNonsense(): Promise<Response> {
  const { url } = stage.gateway;
  const headers = { authorization: TOKEN.authorization };
  return await fetch(`${url}/metrics/job/a`, { method: 'PUT', headers, body: 'no metric\n' });
}

/** Milliseconds until an answer, and its status. */
async function time(asking: Promise<Response>): Promise<{ ms: number; status: number }> {
  const began = performance.now();
  const { status } = await asking;
  return { ms: performance.now() - began, status };
}

test('a crowd of unknown callers does not hold up the refusals of a team, its pushes or probes', async () => {
  const { gateway } = stage;
  const crowd = Array.from({ length: ADDRESSES }, (_, index) =>
    exchange({
      port: gateway.port,
      localAddress: `127.0.${1 + (index >> 7)}.${1 + (index & 127)}`,
      send: UNKNOWN,
      timeoutMs: 60_000,
    }),
  );
  await delay(500);
  const began = performance.now();
  const refusals = Array.from({ length: 40 }, () => time(pushNonsense()));
  const pushed = await time(push(gateway));
  const probed = await time(fetch(`${gateway.url}/-/healthy`));
  const refused = await Promise.all(refusals);
  const tookMs = performance.now() - began;
  await Promise.all(crowd);
  const crowdMs = performance.now() - began;
  assert.deepEqual(new Set(refused.map(({ status }) => status)), new Set([400]));
  assert.deepEqual([pushed.status, probed.status], [200, 200]);
  assert.ok(crowdMs > 2 * SOON_MS, `the crowd was answered in ${crowdMs} ms`);
  assert.ok(tookMs < SOON_MS, `${tookMs} ms, the push ${pushed.ms}, the probe ${probed.ms}`);
});

const PROBE = 'GET /-/healthy HTTP/1.1\r\nHost: g\r\n';
const CROWDS = {
  'that probes': `${PROBE}\r\n`,
  'that probes with bodies that do not come': `${PROBE}Content-Length: 9\r\n\r\n`,
};
for (const [name, send] of Object.entries(CROWDS)) {
  test(`a crowd ${name} does not hold up a probe`, async () => {
    const { gateway } = stage;
    const crowd = Array.from({ length: 4 * ADDRESSES }, (_, index) =>
      exchange({
        port: gateway.port,
        localAddress: `127.0.${1 + (index >> 7)}.${1 + (index & 127)}`,
        send,
        timeoutMs: 8000,
      }),
    );
    await delay(2000);
    const probed = await time(fetch(`${gateway.url}/-/healthy`));
    await Promise.all(crowd);
    assert.equal(probed.status, 200);
    assert.ok(probed.ms < SOON_MS, `${probed.ms} ms`);
  });
}
