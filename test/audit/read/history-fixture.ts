import { gzipSync } from 'node:zlib';
import { type ChainHead, GENESIS, sealEntry } from '../../../src/core/audit/audit-chain.ts';
import { renderEntry } from '../../../src/core/audit/audit-entry.ts';
import type { AuditEvent } from '../../../src/core/audit/audit-record.ts';

/** An event and when it came up, milliseconds since the epoch. */
export type Timed = readonly [now: number, event: AuditEvent];

/** The lines of a log with these events, from a place of its chain on. */
export function sealAll(events: readonly Timed[], from: ChainHead = GENESIS) {
  let head = from;
  const lines = events.map(([now, event]) => {
    const sealed = sealEntry(renderEntry(event, now), head);
    head = sealed.head;
    return `${sealed.line}\n`;
  });
  return { text: lines.join(''), head };
}

/** As an operator compresses a closed segment. */
export function compress(text: string): Buffer {
  return gzipSync(text);
}
