import assert from 'node:assert/strict';
import { test } from 'node:test';
import { rawRequest, startStage } from '../faults/stage.ts';
import { exchange, finalAnswer } from '../support/raw-http.ts';

/**
 * The attack: a request target that Express cannot take apart, such as `foo://bar`, reached none of
 * its handlers. Express itself answered, with a page of its own: no decision was made, nobody was
 * asked for a credential or held against a network, no record was written, nothing was counted, and
 * for some targets Node printed the target to the log, a password in it included.
 */
const TARGETS = [
  'foo://bar',
  'foo://bar?x',
  'data://a',
  'http://',
  'http://[::1',
  'http://user:password@[::1',
  'foo:///',
  '*',
  '/\\user:password@#',
  '/\\ÿ#',
  '/#',
];

for (const target of TARGETS) {
  test(`the target ${JSON.stringify(target)} is decided about like any other`, async () => {
    await using stage = await startStage();
    const { port } = stage.gateway;
    const known = await exchange({ port, send: rawRequest(`PUT ${target}`) });
    const answer = finalAnswer(known.answers);
    assert.ok([400, 404].includes(answer?.status ?? 0), `${answer?.status}`);
    assert.match(
      answer?.phrase ?? '',
      /\((?:target_invalid|endpoint_not_found|request_malformed)\)$/,
    );
    assert.match(answer?.header('x-request-id') ?? '', /^[0-9A-Z]{26}$/);
    const records = (await stage.gateway.auditRecords()).filter(
      ({ event }) => event === 'decision',
    );
    assert.equal(records.length, 1);
    assert.deepEqual(stage.upstream.requests, []);
  });
}

test('a target that is no path asks for a credential like any other', async () => {
  await using stage = await startStage();
  const { port } = stage.gateway;
  const send = 'PUT foo://bar HTTP/1.1\r\nHost: gateway\r\n\r\n';
  const { answers } = await exchange({ port, send });
  assert.equal(finalAnswer(answers)?.phrase, 'Unauthorized (credential_missing)');
});
