import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { eventually } from '../support/eventually.ts';
import { exchange, finalAnswer } from '../support/raw-http.ts';
import { accept, type Behaviour } from '../support/upstream-behaviour.ts';
import { openRawConnection } from './raw-connection.ts';
import { push, rawPush, rawRequest, readMetric, type Stage, startStage } from './stage.ts';

/** Clients that go away: what they did not send in full never happened, the rest is finished. */

let stage: Stage;
before(async () => {
  stage = await startStage();
});
after(() => stage[Symbol.asyncDispose]());

const HALF = 'rows 1\nrows_';
const UPLOADS = {
  'of a declared length': rawRequest('PUT /metrics/job/half', ['Content-Length: 1000'], HALF),
  'in chunks': rawRequest(
    'PUT /metrics/job/half',
    ['Transfer-Encoding: chunked'],
    `${HALF.length.toString(16)}\r\n${HALF}\r\n`,
  ),
};

for (const [name, upload] of Object.entries(UPLOADS)) {
  test(`row 37: an upload ${name} that is reset changes nothing`, async () => {
    const { gateway, upstream } = stage;
    upstream.forget();
    const before = (await gateway.auditRecords()).length;
    const connection = await openRawConnection(gateway.port);
    connection.socket.write(upload);
    await eventually('the half upload', async () =>
      (await readMetric(gateway, 'pushwarden_requests_in_flight')) === 1 ? true : undefined,
    );
    connection.socket.resetAndDestroy();
    const [record] = await eventually('the record', async () => {
      const records = (await gateway.auditRecords()).slice(before);
      return records.length > 0 ? records : undefined;
    });
    assert.ok(record?.event === 'decision');
    assert.deepEqual([record.decision, record.reason], ['deny', 'request_malformed']);
    assert.equal(upstream.byteCount, 0);
  });

  test(`row 37: an upload ${name} whose client shuts down its side is told that it broke off`, async () => {
    const { gateway, upstream } = stage;
    upstream.forget();
    const { answers } = await exchange({ port: gateway.port, send: upload, halfClose: true });
    const answer = finalAnswer(answers);
    assert.equal(answer?.phrase, 'Bad Request (request_malformed)');
    assert.match(String(answer.body), /^request_malformed: the upload broke off/);
    const id = answer.header('x-request-id');
    const record = (await gateway.auditRecords()).find(
      (one) => one.event === 'decision' && one.request_id === id,
    );
    assert.match(String(record?.event === 'decision' && record.detail), /^the upload broke off/);
    assert.equal(upstream.byteCount, 0);
  });
}

for (const method of ['PUT', 'POST', 'DELETE']) {
  test(`row 38: a ${method} goes on without the client that sent it, and is recorded`, async () => {
    const { gateway, upstream } = stage;
    upstream.forget();
    const left = Promise.withResolvers<void>();
    const afterwards: Behaviour = async (socket, request) => {
      await left.promise;
      await accept(socket, request);
    };
    upstream.behave(afterwards);
    const connection = await openRawConnection(gateway.port);
    connection.socket.write(rawPush(`left-${method}`).replace(/^PUT/, method));
    await upstream.received(1);
    connection.socket.resetAndDestroy();
    // The gateway sees what came first, first.
    await fetch(`${gateway.url}/-/healthy`);
    left.resolve();
    const outcome = await eventually('the outcome', async () => {
      const records = await gateway.auditRecords();
      const decision = records.find(
        (one) => one.event === 'decision' && one.job === `left-${method}`,
      );
      const id = decision?.event === 'decision' ? decision.request_id : undefined;
      return records.find((one) => one.event === 'outcome' && one.request_id === id);
    });
    assert.ok(outcome.event === 'outcome');
    assert.equal(outcome.status, method === 'DELETE' ? 202 : 200);
    assert.equal(outcome.client_gone, true);
    upstream.behave(accept);
    assert.equal((await push(gateway)).status, 200);
  });
}

const FINISHED = {
  'a push': [rawPush(), 200],
  'a delete': [rawRequest('DELETE /metrics/job/etl'), 202],
  'a read': [rawRequest('GET /metrics'), 200],
  'a refused push': [rawPush('%2F'), 400],
} as const;
for (const [name, [send, status]] of Object.entries(FINISHED)) {
  test(`row 39: ${name} whose client shuts down its side is answered`, async () => {
    const { gateway } = stage;
    const { answers, ending } = await exchange({
      port: gateway.port,
      send,
      halfClose: true,
      quietMs: 1000,
    });
    assert.equal(finalAnswer(answers)?.status, status);
    assert.equal(ending, 'closed');
  });
}
