import assert from 'node:assert/strict';
import { test } from 'node:test';
import { rawRequest, startStage } from '../faults/stage.ts';
import { exchange, finalAnswer } from '../support/raw-http.ts';

/**
 * The attack: `Transfer_Encoding: chunked`. To the gateway it is a header without a meaning and the
 * request has no body, so a PUT empties the group; to a proxy that turns underscores into dashes
 * what follows is the body. One of them then answers requests that the other never saw.
 */
for (const header of [
  'Transfer_Encoding: chunked',
  'Content_Length: 5',
  'content_encoding: gzip',
]) {
  test(`a request with ${header} is refused and the connection ends`, async () => {
    await using stage = await startStage();
    const send = `${rawRequest('PUT /metrics/job/etl', [header])}${rawRequest('PUT /metrics/job/b')}`;
    const { answers, ending } = await exchange({ port: stage.gateway.port, send, expect: 2 });
    assert.equal(finalAnswer(answers)?.phrase, 'Bad Request (request_malformed)');
    assert.deepEqual([answers.length, ending], [1, 'closed']);
    assert.deepEqual(stage.upstream.requests, []);
  });
}
