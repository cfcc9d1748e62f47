import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { eventually } from '../support/eventually.ts';
import { exchange } from '../support/raw-http.ts';
import { accept, type Behaviour } from '../support/upstream-behaviour.ts';
import { openRawConnection } from './raw-connection.ts';
import { push, rawPush, rawRequest, readMetric, type Stage, startStage } from './stage.ts';

/** Requests that do not wait for the answer before them. */

let stage: Stage;
before(async () => {
  stage = await startStage();
});
after(() => stage[Symbol.asyncDispose]());

/** Counts how many requests are under way at once, each for a moment. */
function watchOverlap(): { readonly behaviour: Behaviour; most(): number } {
  let underWay = 0;
  let most = 0;
  return {
    most: () => most,
    async behaviour(socket, request) {
      underWay += 1;
      most = Math.max(most, underWay);
      await delay(5);
      underWay -= 1;
      await accept(socket, request);
    },
  };
}

/** A push whose client has left is finished all the same, and may not have reached the upstream yet. */
function nothingIsUnderWay(): Promise<true> {
  return eventually('every request has ended', async () =>
    (await readMetric(stage.gateway, 'pushwarden_requests_in_flight')) === 0 ? true : undefined,
  );
}

function pushes(count: number): string {
  return Array.from({ length: count }, (_, index) => rawPush(`p${index}`)).join('');
}

test('row 43: of 500 pipelined requests one is under way at a time, and the flood is cut off', async () => {
  const { gateway, upstream } = stage;
  upstream.forget();
  const overlap = watchOverlap();
  upstream.behave(overlap.behaviour);
  using connection = await openRawConnection(gateway.port);
  connection.socket.write(pushes(500));
  assert.equal((await push(gateway, 'other')).status, 200);
  await connection.ended;
  await nothingIsUnderWay();
  const flood = upstream.requests.filter(({ target }) => !target.endsWith('/other'));
  assert.ok(flood.length <= 17, `${flood.length} requests`);
  assert.ok(overlap.most() <= 2);
  upstream.behave(accept);
});

test('row 43: 500 requests behind one that waits use no more than one connection to the upstream', async () => {
  const { gateway, upstream } = stage;
  upstream.forget();
  const { promise: release, resolve } = Promise.withResolvers<void>();
  upstream.behave(async (socket, request) => {
    await release;
    await accept(socket, request);
  });
  using connection = await openRawConnection(gateway.port);
  connection.socket.write(pushes(500));
  assert.equal(await connection.ended, 'closed');
  await fetch(`${gateway.url}/-/healthy`);
  resolve();
  await nothingIsUnderWay();
  assert.ok(upstream.requests.length <= 1);
  upstream.behave(accept);
});

test('row 43: 16 requests that wait are answered in order, one after the other', async () => {
  const { gateway, upstream } = stage;
  upstream.forget();
  const overlap = watchOverlap();
  upstream.behave(overlap.behaviour);
  const { answers } = await exchange({ port: gateway.port, send: pushes(16), expect: 16 });
  assert.deepEqual(
    answers.map(({ status }) => status),
    Array.from({ length: 16 }, () => 200),
  );
  assert.deepEqual(
    upstream.requests.map(({ target }) => target),
    Array.from({ length: 16 }, (_, index) => `/metrics/job/p${index}`),
  );
  assert.equal(overlap.most(), 1);
  upstream.behave(accept);
});

test('row 44: a PUT is finished before the DELETE behind it begins', async () => {
  const { gateway, upstream } = stage;
  upstream.forget();
  const steps: string[] = [];
  upstream.behave(async (socket, request) => {
    steps.push(`${request.method} begins`);
    await delay(request.method === 'PUT' ? 100 : 0);
    steps.push(`${request.method} ends`);
    await accept(socket, request);
  });
  const send = rawPush() + rawRequest('DELETE /metrics/job/etl');
  const { answers } = await exchange({ port: gateway.port, send, expect: 2 });
  assert.deepEqual(
    answers.map(({ status }) => status),
    [200, 202],
  );
  assert.deepEqual(steps, ['PUT begins', 'PUT ends', 'DELETE begins', 'DELETE ends']);
  upstream.behave(accept);
});

const slowly: Behaviour = async (socket, request) => {
  await delay(100);
  await accept(socket, request);
};

const BEHIND = {
  nonsense: ['NONSENSE\r\n\r\n', 400],
  'a CONNECT': [rawRequest('CONNECT gateway:1'), 405],
  'too many headers': [`GET / HTTP/1.1\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`, 431],
} as const;
for (const [name, [behind, status]] of Object.entries(BEHIND)) {
  test(`row 44: a push is answered before ${name} behind it is refused`, async () => {
    const { gateway, upstream } = stage;
    upstream.behave(slowly);
    const { answers, ending } = await exchange({
      port: gateway.port,
      send: rawPush() + behind,
      expect: 2,
      quietMs: 1000,
    });
    assert.deepEqual(
      answers.map((one) => one.status),
      [200, status],
    );
    assert.equal(ending, 'closed');
    upstream.behave(accept);
  });
}

const CLOSING = {
  'that is malformed': rawRequest('PUT /metrics/job/a', ['Host: again', 'Content-Length: 0']),
  'of a client that asked to close': rawPush('a', '', ['Connection: close']),
  'of HTTP/1.0': rawPush('a', '').replace('HTTP/1.1', 'HTTP/1.0'),
};
for (const [name, first] of Object.entries(CLOSING)) {
  test(`row 44: nothing is done of what comes behind a request ${name}`, async () => {
    const { gateway, upstream } = stage;
    upstream.forget();
    const send = first + rawPush('behind');
    const { answers, ending } = await exchange({ port: gateway.port, send, quietMs: 1000 });
    assert.deepEqual([answers.length, ending], [1, 'closed']);
    await push(gateway, 'later');
    const targets = upstream.requests.map(({ target }) => target);
    assert.equal(targets.includes('/metrics/job/behind'), false);
  });
}
