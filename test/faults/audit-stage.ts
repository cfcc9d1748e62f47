import assert from 'node:assert/strict';
import type { AuditRecord } from '../../src/core/audit/audit-record.ts';
import { type RecordingUpstream, startRecordingUpstream } from '../support/recording-upstream.ts';
import { createScratch, type Scratch } from '../support/scratch.ts';
import { stageDocument } from './stage.ts';

/** A folder for the configuration and the log, and an upstream. */
export async function setUp() {
  await using stack = new AsyncDisposableStack();
  const upstream = stack.use(await startRecordingUpstream());
  const scratch = stack.use(await createScratch());
  const owned = stack.move();
  return { upstream, scratch, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

/** A configuration on free ports with this `audit` section; answers its path. */
export function writeConfig(upstream: RecordingUpstream, scratch: Scratch, audit: object) {
  const addresses = { listen: '127.0.0.1:0', admin: { listen: '127.0.0.1:0' } };
  const document = stageDocument(upstream.url, { ...addresses, audit });
  return scratch.write('pushwarden.yaml', JSON.stringify(document));
}

/** What was acknowledged, and what reached the upstream, against the log. */
export function assertAudited(
  records: readonly AuditRecord[],
  sent: ReadonlySet<string>,
  acknowledged: ReadonlyMap<string, string>,
): void {
  const decided = new Set(
    records.flatMap((record) =>
      record.event === 'decision' && record.decision === 'allow' ? [record.target] : [],
    ),
  );
  const stored = new Set(
    records.flatMap((record) =>
      record.event === 'outcome' && record.status === 200 ? [record.request_id] : [],
    ),
  );
  for (const target of sent) assert.ok(decided.has(target), `decision of ${target}`);
  for (const [target, id] of acknowledged) assert.ok(stored.has(id), `outcome of ${target}`);
}
