import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  CONTENT_TYPES,
  resolveEncoding,
  resolveMediaType,
} from '../../../src/core/exposition/media-type.ts';

const TEXT = [
  undefined,
  '',
  'text/plain',
  'text/plain; version=0.0.4; charset=utf-8',
  'application/x-www-form-urlencoded',
  'application/json',
  'application/openmetrics-text; version=1.0.0',
  'not a media type at all',
];

for (const contentType of TEXT) {
  test(`resolveMediaType takes ${JSON.stringify(contentType)} for text`, () => {
    assert.deepEqual(resolveMediaType(contentType), { effect: 'allow', value: 'text' });
  });
}

const PROTOBUF = [
  CONTENT_TYPES.protobuf,
  'application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited',
  'application/vnd.google.protobuf; encoding=delimited; proto=io.prometheus.client.MetricFamily',
  `${CONTENT_TYPES.protobuf}; escaping=underscores`,
  'Application/VND.google.Protobuf; Proto=io.prometheus.client.MetricFamily; ENCODING=delimited',
];

for (const contentType of PROTOBUF) {
  test(`resolveMediaType takes ${JSON.stringify(contentType)} for protobuf`, () => {
    assert.deepEqual(resolveMediaType(contentType), { effect: 'allow', value: 'protobuf' });
  });
}

const type = 'application/vnd.google.protobuf';
const proto = 'proto=io.prometheus.client.MetricFamily';
const UNUSUAL_PROTOBUF = [
  type,
  `${type}; ${proto}`,
  `${type}; encoding=delimited`,
  `${type}; ${proto}; encoding=text`,
  `${type}; ${proto}; encoding=Delimited`,
  `${type}; ${proto}; encoding="delimited"`,
  `${type}; ${proto}; encoding*=utf-8''delimited`,
  `${type}; ${proto}; encoding*0=deli; encoding*1=mited`,
  `${type}; ${proto}; encoding=delimited;`,
  `${type}; ${proto}; encoding=delimited; encoding=delimited`,
  `${type}; ${proto}; encoding=delimited; delimited`,
  `${type}; ${proto}; encoding=delimited; charset=utf-8`,
  `${type}; ${proto}; encoding=delimited, text/plain`,
  `text/plain, ${CONTENT_TYPES.protobuf}`,
  'application/x-protobuf',
  'application/protobuf',
];

for (const contentType of UNUSUAL_PROTOBUF) {
  test(`resolveMediaType refuses the protobuf spelling ${contentType}`, () => {
    const decision = resolveMediaType(contentType);
    assert.equal(decision.effect === 'deny' && decision.reason, 'encoding_not_supported');
  });
}

const ENCODINGS = [
  [undefined, 'identity'],
  ['', 'identity'],
  ['identity', 'identity'],
  ['gzip', 'gzip'],
  ['GZip', 'gzip'],
  ['x-gzip', 'gzip'],
  ['snappy', 'snappy'],
] as const;

for (const [contentEncoding, encoding] of ENCODINGS) {
  test(`resolveEncoding reads ${JSON.stringify(contentEncoding)} as ${encoding}`, () => {
    assert.deepEqual(resolveEncoding(contentEncoding), { effect: 'allow', value: encoding });
  });
}

for (const contentEncoding of ['deflate', 'br', 'zstd', 'gzip, gzip', 'gzip;q=1', 'x-snappy']) {
  test(`resolveEncoding refuses ${contentEncoding}`, () => {
    const decision = resolveEncoding(contentEncoding);
    assert.equal(decision.effect === 'deny' && decision.reason, 'encoding_not_supported');
  });
}
