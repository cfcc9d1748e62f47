import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import {
  type ChainHead,
  findGap,
  GENESIS,
  readRecord,
  type StoredRecord,
  sealEntry,
} from '../../../src/core/audit/audit-chain.ts';
import { renderEntry } from '../../../src/core/audit/audit-entry.ts';
import type { AuditEvent } from '../../../src/core/audit/audit-record.ts';
import { canonicalJson } from '../../../src/core/audit/canonical-json.ts';

const NOON = Date.UTC(2026, 10, 22, 12);
const DECISION: AuditEvent = {
  event: 'decision',
  request_id: '01JDAAAAAAAAAAAAAAAAAAAAAA',
  client_ip: '10.1.2.3',
  peer_ip: '10.1.2.3',
  method: 'POST',
  target: '/metrics/job/settlement/instance/é',
  job: 'settlement',
  grouping_key: { instance: 'é', az: 'b' },
  body_bytes: 812,
  decision: 'allow',
  reason: 'ok',
};

function seal(event: AuditEvent, previous: ChainHead = GENESIS) {
  return sealEntry(renderEntry(event, NOON), previous);
}

function read(line: string): StoredRecord {
  const record = readRecord(line);
  assert.ok(!('problem' in record), JSON.stringify(record));
  return record;
}

test('the chain begins with the hash of the empty string', () => {
  const empty = createHash('sha256').update('').digest('hex');
  assert.deepEqual(GENESIS, { seq: 0, hash: `sha256:${empty}` });
});

test('sealEntry writes seq, time and event first, prev and hash last', () => {
  const { line } = seal(DECISION);
  const names = Object.keys(JSON.parse(line));
  assert.deepEqual(names.slice(0, 4), ['seq', 'time', 'event', 'request_id']);
  assert.deepEqual(names.slice(-2), ['prev', 'hash']);
  assert.equal(JSON.parse(line).time, '2026-11-22T12:00:00.000Z');
});

test('sealEntry hashes the record without its hash in canonical form', () => {
  const { line, head } = seal(DECISION);
  const { hash, ...content } = JSON.parse(line);
  const expected = createHash('sha256').update(canonicalJson(content)).digest('hex');
  assert.equal(hash, `sha256:${expected}`);
  assert.equal(head.hash, hash);
});

test('sealEntry numbers records and links each to the one before', () => {
  const first = seal(DECISION);
  const second = seal({ event: 'stop', cause: 'SIGTERM' }, first.head);
  assert.equal(second.head.seq, 2);
  assert.equal(read(second.line).prev, first.head.hash);
  assert.equal(findGap(read(second.line), first.head), undefined);
});

const { line } = seal(DECISION, { seq: 16, hash: GENESIS.hash });

for (const [name, text, problem] of [
  ['is not JSON', line.slice(0, -1), 'the line is not a JSON object'],
  ['is not an object', '[1]', 'the line is not a JSON object'],
  ['is null', 'null', 'the line is not a JSON object'],
  ['has no sequence number', '{"event":"stop"}', 'the line has no sequence number'],
  [
    'has a broken sequence number',
    line.replace('"seq":17', '"seq":1.5'),
    'the line has no sequence number',
  ],
  ['has no hash', '{"seq":17}', 'the record lacks time, event, prev or hash'],
  ['has another value', line.replace('812', '813'), 'the record was changed'],
  ['has one member more', line.replace('"job"', '"x":1,"job"'), 'the record was changed'],
  [
    'nests too deeply',
    `{"seq":17,"a":${'['.repeat(1e4)}${']'.repeat(1e4)},"time":"","event":"","prev":"","hash":""}`,
    'the record was changed',
  ],
] as const) {
  test(`readRecord refuses a line that ${name}`, () => {
    const found = readRecord(text);
    assert.equal('problem' in found && found.problem, problem);
  });
}

for (const [name, text] of [
  ['white space', line.replace('"event":', '"event": ')],
  ['another escape of the same character', line.replaceAll('\\u00e9', '\\u00E9')],
  ['a character that needs no escape', line.replaceAll('\\u00e9', 'é')],
  ['another form of the same number', line.replace('812', '8.12e2')],
  ['a member twice', line.replace('"body_bytes"', '"body_bytes":1,"body_bytes"')],
] as const) {
  test(`readRecord refuses a line with ${name}, though its value is the same`, () => {
    assert.deepEqual(canonicalJson(JSON.parse(text)), canonicalJson(JSON.parse(line)));
    assert.deepEqual(readRecord(text), {
      seq: 17,
      problem: 'the line was written anew by another program',
    });
  });
}

test('readRecord accepts what sealEntry wrote', () => {
  const record = read(line);
  assert.equal(record.seq, 17);
  assert.equal(record.event, 'decision');
  assert.deepEqual(record.members['grouping_key'], { instance: 'é', az: 'b' });
});

for (const [name, previous, problem] of [
  ['is missing', { seq: 14, hash: GENESIS.hash }, 'records are missing: expected 15, found 17'],
  [
    'comes twice',
    { seq: 17, hash: GENESIS.hash },
    'a record twice or out of order: expected 18, found 17',
  ],
  ['was replaced', { seq: 16, hash: 'sha256:00' }, 'prev is not the hash of record 16'],
] as const) {
  test(`findGap says when a record before ${name}`, () => {
    assert.equal(findGap(read(line), previous), problem);
  });
}
