import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { push, type Stage, startStage } from '../faults/stage.ts';
import { exchange } from '../support/raw-http.ts';

/**
 * The attack: nothing but requests that are refused, with unknown tokens, large headers or forged
 * signatures, as fast as the answers come. Each costs the process some tenths of a millisecond; on
 * enough connections they took all of it.
 */
const REQUESTS = 16;
const CONNECTIONS = 40;
/** What may come at once. */
const AT_ONCE = 100;

let stage: Stage;
before(async () => {
  stage = await startStage({
    trusted_proxies: ['127.0.0.0/8', '::1/128'],
    deny_networks: ['192.0.2.0/24'],
  });
});
after(() => stage[Symbol.asyncDispose]());

const FLOODS = {
  'unknown tokens': {
    request: 'PUT /metrics/job/a HTTP/1.1\r\nHost: g\r\nAuthorization: Bearer x\r\n\r\n',
    perSecond: 500,
  },
  'pages for a network that is denied': {
    request: 'GET /ui/ HTTP/1.1\r\nHost: g\r\nX-Forwarded-For: 192.0.2.1\r\n\r\n',
    perSecond: 500,
  },
  'health probes': { request: 'GET /-/healthy HTTP/1.1\r\nHost: g\r\n\r\n', perSecond: 2000 },
};
for (const [name, { request, perSecond }] of Object.entries(FLOODS)) {
  test(`${name} are answered one after the other, and a push beside them is not held up`, async () => {
    const { port } = stage.gateway;
    const began = performance.now();
    const floods = Array.from({ length: CONNECTIONS }, () =>
      exchange({ port, send: request.repeat(REQUESTS), expect: REQUESTS, timeoutMs: 120_000 }),
    );
    let pushMs = Number.POSITIVE_INFINITY;
    const pushed = push(stage.gateway).then(({ status }) => {
      pushMs = performance.now() - began;
      return status;
    });
    const answered = (await Promise.all(floods)).map(({ answers }) => answers.length);
    const floodMs = performance.now() - began;
    assert.equal(await pushed, 200);
    assert.deepEqual(new Set(answered), new Set([REQUESTS]));
    const least = ((CONNECTIONS * REQUESTS - AT_ONCE) * 1000) / perSecond;
    assert.ok(floodMs > least * 0.9, `${floodMs} ms`);
    assert.ok(pushMs < floodMs, `${pushMs} of ${floodMs} ms`);
  });
}
