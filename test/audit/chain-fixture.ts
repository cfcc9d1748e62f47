import assert from 'node:assert/strict';
import type { SignatureCheck } from '../../src/audit/checkpoint.ts';
import { listSegments } from '../../src/audit/segments.ts';
import type { ChainReport } from '../../src/audit/verify/chain-join.ts';
import { verifyAuditLog } from '../../src/audit/verify/verify-audit-log.ts';
import {
  type Batch,
  ChainWriter,
  type ChainWriterOptions,
} from '../../src/audit/writer/chain-writer.ts';
import { recoverAuditLog } from '../../src/audit/writer/recovery.ts';
import { renderEntry } from '../../src/core/audit/audit-entry.ts';
import type { AuditEvent, DecisionEvent, OutcomeEvent } from '../../src/core/audit/audit-record.ts';
import type { FileSystem } from '../../src/disk/file-system.ts';

export const FILE = '/log/audit.jsonl';
export const NOON = Date.UTC(2026, 10, 22, 12);

/** An allowed push. */
export function decision(id: string, more: Partial<DecisionEvent> = {}): DecisionEvent {
  return {
    event: 'decision',
    request_id: id,
    client_ip: '10.1.2.3',
    peer_ip: '10.1.2.3',
    method: 'PUT',
    target: '/metrics/job/settlement',
    decision: 'allow',
    reason: 'ok',
    ...more,
  };
}

export function refusal(id: string, more: Partial<DecisionEvent> = {}): DecisionEvent {
  return decision(id, { decision: 'deny', reason: 'credential_invalid', ...more });
}

export function outcome(id: string): OutcomeEvent {
  return { event: 'outcome', request_id: id, status: 200, upstream_status: 200, duration_ms: 2 };
}

export function batch(...events: readonly AuditEvent[]): Batch {
  const entries = events.map((event) => renderEntry(event, NOON));
  return { entries, time: new Date(NOON).toISOString(), checkpoint: false };
}

/** Opens what is there, as the gateway does at a start. */
export function openWriter(
  fs: FileSystem,
  options: Partial<ChainWriterOptions> = {},
  isOwn?: SignatureCheck,
): ChainWriter {
  return new ChainWriter(fs, recoverAuditLog(fs, FILE, isOwn), {
    file: FILE,
    sync: true,
    rotateBytes: 100 * 1024 * 1024,
    keep: 30,
    ...options,
  });
}

/** Checks all segments without keys and anchors. */
export function verifyAll(fs: FileSystem, file = FILE): Promise<ChainReport> {
  return verifyAuditLog(fs, listSegments(fs, file), { keys: [], anchors: [] });
}

/** The same, and expects `records` of them and no break. */
export async function assertWhole(fs: FileSystem, records: number, file = FILE): Promise<void> {
  const { firstBreak, torn, ...report } = await verifyAll(fs, file);
  assert.deepEqual({ firstBreak, torn }, { firstBreak: undefined, torn: undefined });
  assert.equal(report.records, records);
}

/** The records of a log in memory, in the order of its segments. */
export function readRecords(
  fs: FileSystem & { content(path: string): string },
  file = FILE,
): readonly Readonly<Record<string, unknown>>[] {
  const text = listSegments(fs, file)
    .map((path) => fs.content(path))
    .join('');
  return text.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line)]));
}
