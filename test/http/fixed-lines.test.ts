import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createFixedLines } from '../../src/http/fixed-lines.ts';
import { exchange } from '../support/raw-http.ts';
import { startServer } from './loopback-server.ts';

test('fixed lines are in a head once each, beside its own and those that were set before', async () => {
  const lines = createFixedLines({ 'X-Frame-Options': 'DENY', 'Referrer-Policy': 'no-referrer' });
  await using server = await startServer((_, res) => {
    res.sendDate = false;
    res.setHeader('X-Set', 'before');
    lines.writeHead(res, 202, ['X-Own', 'its own', 'Content-Length', '2']).end('ok');
  });
  const send = 'GET / HTTP/1.1\r\nHost: gateway\r\nConnection: close\r\n\r\n';
  const { answers, received } = await exchange({ port: server.port, send });
  assert.equal(
    received.toString(),
    [
      'HTTP/1.1 202 Accepted',
      ...['X-Set: before', 'X-Own: its own', 'Content-Length: 2', 'Connection: close'],
      ...['X-Frame-Options: DENY', 'Referrer-Policy: no-referrer', '', 'ok'],
    ].join('\r\n'),
  );
  assert.equal(answers.length, 1);
});

for (const [name, value] of [
  ['X-Split', 'a\r\nX-Other: b'],
  ['X Name', 'a'],
] as const) {
  test(`a line that would not be one is not taken: ${JSON.stringify(name)}`, () => {
    assert.throws(() => createFixedLines({ [name]: value }), { name: 'TypeError' });
  });
}
