import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { stageDocument } from '../faults/stage.ts';
import { eventually } from '../support/eventually.ts';
import { type GatewayProcess, startGatewayProcess } from '../support/gateway.ts';
import { exchange } from '../support/raw-http.ts';

/** From the answer one can act: which line ends, which escapes. */

let gateway: GatewayProcess;
before(async () => {
  gateway = await startGatewayProcess(stageDocument('http://127.0.0.1:9'));
});
after(() => gateway[Symbol.asyncDispose]());

const MISTAKES = {
  'bare line feeds': ['GET / HTTP/1.1\nHost: a\n\n', /CR LF/],
  'a bare line feed behind a header': ['GET / HTTP/1.1\r\nHost: a\n\r\n', /CR LF/],
  'a bare line feed at the end of the head': ['GET / HTTP/1.1\r\nHost: a\r\n\n', /CR LF/],
  'raw UTF-8 in the path': ['PUT /metrics/job/é HTTP/1.1\r\nHost: a\r\n\r\n', /%C3%A9 for é/],
  'a space in the path': ['PUT /metrics/job/a b HTTP/1.1\r\nHost: a\r\n\r\n', /%20/],
  'raw UTF-8 in a header name': ['GET / HTTP/1.1\r\nHost: a\r\nXé: a\r\n\r\n', /ASCII/],
  'a line that is no request': ['hello\r\n\r\n', /METHOD PATH HTTP\/1\.1/],
  'HTTP/2': ['PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', /send HTTP\/1\.1/],
  'a TLS handshake': ['\u0016\u0003\u0001\u0000\u0000', /ask for http:\/\//],
} as const;
for (const [name, [send, advice]] of Object.entries(MISTAKES)) {
  test(`${name} is answered with what to write instead, and logged under the request id`, async () => {
    const { answers } = await exchange({ port: gateway.port, send, quietMs: 500 });
    const [answer] = answers;
    assert.equal(answer?.status, 400);
    assert.match(answer.body.toString(), advice);
    const id = answer.header('x-request-id');
    const line = await eventually('the line in the log', () =>
      gateway.log.find((one) => one.includes(`${id}`)),
    );
    assert.match(line, /request_malformed/);
  });
}
