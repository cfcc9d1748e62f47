import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findGap, GENESIS, readRecord } from '../../src/core/audit/audit-chain.ts';
import type { AuditEvent, RecoveryCause } from '../../src/core/audit/audit-record.ts';
import { codeBlocks, codeSpans, readProjectFile, tableRows } from './markdown.ts';

const DOCUMENT = readProjectFile('docs/operate/audit.md');

const EVENTS: Record<AuditEvent['event'], true> = {
  decision: true,
  outcome: true,
  aggregate: true,
  expired: true,
  moved: true,
  start: true,
  stop: true,
  reload: true,
  recovered: true,
  checkpoint: true,
};

const CAUSES: Record<RecoveryCause, true> = {
  crash: true,
  stopped: true,
  damage: true,
  write_failed: true,
  sync_failed: true,
  stalled: true,
  file_changed: true,
};

/** Names in the first column of the table under a heading. */
function rowNames(heading: string): readonly string[] {
  const section = DOCUMENT.split(`\n## ${heading}\n`)[1]?.split('\n## ')[0] ?? '';
  return tableRows(section).flatMap(([first = '']) => codeSpans(first));
}

test('the audit page explains every event and no other', () => {
  assert.deepEqual([...rowNames('Records')].sort(), Object.keys(EVENTS).sort());
});

test('the audit page explains every cause of a recovery and no other', () => {
  assert.deepEqual([...rowNames('Recovery')].sort(), Object.keys(CAUSES).sort());
});

test('the example on the audit page is a chain', () => {
  const example = codeBlocks(DOCUMENT).find((block) => block.startsWith('{"seq":1,')) ?? '';
  let head = GENESIS;
  for (const line of example.trimEnd().split('\n')) {
    const record = readRecord(line);
    assert.ok(!('problem' in record), JSON.stringify(record));
    assert.equal(findGap(record, head), undefined);
    head = record;
  }
  assert.equal(head.seq, 4);
});
