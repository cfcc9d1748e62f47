import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pickAnswerHeaders, renderReadHeaders } from '../../src/http/read-headers.ts';

const PROMETHEUS =
  'application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6, text/plain;version=0.0.4;q=0.5, */*;q=0.1';

const ACCEPTS = [
  ['of Prometheus', PROMETHEUS, PROMETHEUS],
  ['with spaces', 'text/plain ;\tversion=0.0.4', 'text/plain;version=0.0.4'],
  ['of a browser', 'text/html, image/webp, */*;q=0.8', '*/*;q=0.8'],
  ['of another case', 'Text/Plain', 'Text/Plain'],
  ['of nothing known', 'text/html', undefined],
  ['with a quoted value', 'text/plain;version="0.0.4"', 'text/plain;version="0.0.4"'],
  ['with what no format has', 'text/plain;x=<script>, */*', '*/*'],
  ['that is empty', '', undefined],
] as const;
for (const [name, accept, passed] of ACCEPTS) {
  test(`an Accept ${name} passes as far as it is known`, () => {
    assert.equal(renderReadHeaders({ accept }, undefined, true)['accept'], passed);
  });
}

const ENCODINGS = [
  ['gzip, deflate, br, zstd', 'gzip, zstd'],
  ['gzip;q=1.0, identity;q=0.5', 'gzip;q=1.0, identity;q=0.5'],
  ['*', '*'],
  ['br', undefined],
] as const;
for (const [encoding, passed] of ENCODINGS) {
  test(`Accept-Encoding "${encoding}" passes as ${passed ?? 'nothing'}`, () => {
    const headers = renderReadHeaders({ 'accept-encoding': encoding }, undefined, true);
    assert.equal(headers['accept-encoding'], passed);
  });
}

test('nothing else of a caller passes, and the credential is the own one', () => {
  const headers = renderReadHeaders(
    {
      host: 'gateway',
      authorization: 'Bearer caller',
      cookie: 'a=b',
      expect: '100-continue',
      connection: 'upgrade',
      'transfer-encoding': 'chunked',
      'x-forwarded-for': '10.0.0.1',
      'x-prometheus-scrape-timeout-seconds': '10',
    },
    'Basic own',
    true,
  );
  assert.deepEqual(headers, { authorization: 'Basic own' });
});

test('of an answer the type, coding, length and what it varies by pass', () => {
  const picked = pickAnswerHeaders({
    'content-type': 'text/plain',
    'content-encoding': 'gzip',
    'content-length': '7',
    vary: 'Accept-Encoding',
    'transfer-encoding': 'chunked',
    server: 'x',
    location: '/',
    'set-cookie': ['a=b'],
    'access-control-allow-origin': '*',
    date: 'today',
  });
  assert.deepEqual(picked, {
    'content-type': 'text/plain',
    'content-encoding': 'gzip',
    'content-length': '7',
    vary: 'Accept-Encoding',
  });
});

const PROTOBUF = 'application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily';
const PARTS = [
  ['application/openmetrics-text;version=1.0.0,text/plain;q=0.3', 'text/plain;q=0.3'],
  [`${PROTOBUF};encoding=delimited;q=0.6,*/*;q=0.1`, `${PROTOBUF};encoding=delimited;q=0.6, */*;q=0.1`],
  [`${PROTOBUF};encoding=text,text/plain;version=0.0.4`, 'text/plain;version=0.0.4'],
  [`${PROTOBUF};encoding=compact-text`, undefined],
  [PROTOBUF, undefined],
] as const; // biome-ignore format: one case a line
for (const [accept, passed] of PARTS) {
  test(`for a part the answer is asked for plain, and of ${accept} as ${passed}`, () => {
    const headers = renderReadHeaders({ accept, 'accept-encoding': 'gzip' }, undefined, false);
    assert.deepEqual(headers, { ...(passed && { accept: passed }), 'accept-encoding': 'identity' });
  });
}
