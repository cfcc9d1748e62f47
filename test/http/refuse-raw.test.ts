import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { readMetric, type Stage, startStage } from '../faults/stage.ts';
import { eventually } from '../support/eventually.ts';
import { exchange } from '../support/raw-http.ts';

/** What the parser cannot make a request of is answered, audited and counted all the same. */

let stage: Stage;
before(async () => {
  stage = await startStage();
});
after(() => stage[Symbol.asyncDispose]());

const UNREADABLE = {
  'a line that is no request': ['NONSENSE\r\n\r\n', 400, 'request_malformed'],
  'a head that breaks off': ['PUT /metrics/job/a HTTP/1.1\r\nHost: g', 400, 'request_malformed'],
  'headers of 20 KB': [`GET / HTTP/1.1\r\nX: ${'x'.repeat(20_000)}`, 431, 'headers_too_large'],
  'a CONNECT': ['CONNECT g:1 HTTP/1.1\r\nHost: g\r\n\r\n', 405, 'method_not_allowed'],
} as const;
for (const [name, [send, status, reason]] of Object.entries(UNREADABLE)) {
  test(`${name} is answered ${status}, audited and counted`, async () => {
    const { gateway } = stage;
    const refusals = `pushwarden_refusals_total{team="",reason="${reason}"}`;
    const requests = `pushwarden_requests_total{team="",method="other",code="${status}"}`;
    const before = [await readMetric(gateway, refusals), await readMetric(gateway, requests)];
    const records = (await gateway.auditRecords()).length;
    const { answers, ending } = await exchange({
      port: gateway.port,
      send,
      halfClose: true,
      quietMs: 1000,
    });
    const [answer] = answers;
    assert.deepEqual([answers.length, answer?.status, ending], [1, status, 'closed']);
    assert.match(answer?.body.toString() ?? '', new RegExp(`^${reason}: `));
    assert.equal(answer?.header('x-content-type-options'), 'nosniff');
    const record = await eventually('the record', async () =>
      (await gateway.auditRecords()).at(records),
    );
    assert.ok(record.event === 'decision');
    const { decision, reason: recorded, method, target, peer_ip, request_id } = record;
    assert.deepEqual(
      { decision, recorded, method, target, peer_ip },
      { decision: 'deny', recorded: reason, method: '-', target: '-', peer_ip: '127.0.0.1' },
    );
    assert.equal(request_id, answer?.header('x-request-id'));
    const after = [await readMetric(gateway, refusals), await readMetric(gateway, requests)];
    assert.deepEqual(
      after,
      before.map((count) => count + 1),
    );
  });
}

test('a connection that ends without a byte is neither audited nor counted', async () => {
  const { gateway } = stage;
  const records = (await gateway.auditRecords()).length;
  const { answers, ending } = await exchange({ port: gateway.port, send: '', halfClose: true });
  assert.deepEqual([answers, ending], [[], 'closed']);
  await fetch(`${gateway.url}/-/healthy`);
  assert.equal((await gateway.auditRecords()).length, records);
});
