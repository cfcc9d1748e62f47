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
  'a method in small letters': ['post / HTTP/1.1\r\nHost: a\r\n\r\n', /capital letters: POST/],
  'a length beside chunks': [
    'PUT / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n',
    /Content-Length or Transfer-Encoding: chunked, not both/,
  ],
  'two lengths': [
    'PUT / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n',
    /send Content-Length once/,
  ],
  'gzip as a transfer coding': [
    'PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n',
    /Content-Encoding: gzip/,
  ],
  'a header in two lines': ['GET / HTTP/1.1\r\nHost: a\r\nX: a\r\n b\r\n\r\n', /in one, without/],
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

test('a head that is cut off is told so', async () => {
  const send = 'PUT /metrics/job/a HTTP/1.1\r\nHost: a';
  const { answers } = await exchange({ port: gateway.port, send, halfClose: true });
  assert.equal(answers[0]?.status, 400);
  assert.match(String(answers[0].body), /closed in the middle of a request/);
});

const LARGE = {
  bytes: `X: ${'x'.repeat(20_000)}`,
  headers: Array.from({ length: 250 }, (_, at) => `X-${at}: a`).join('\r\n'),
};
for (const [what, headers] of Object.entries(LARGE)) {
  test(`a head with too many ${what} is answered with its limits, and who can raise them`, async () => {
    const send = `GET / HTTP/1.1\r\nHost: a\r\n${headers}\r\n\r\n`;
    const { answers } = await exchange({ port: gateway.port, send, quietMs: 500 });
    const [answer] = answers;
    assert.equal(answer?.status, 431);
    const body = answer.body.toString();
    assert.match(body, /over 16384 bytes, or over 200 headers/);
    assert.match(body, /an operator can raise server\.headers/);
  });
}
