import { writeSync } from 'node:fs';
import { setTimeout as rest } from 'node:timers/promises';
import { type AuditLogConfig, openAuditLog } from '../../src/audit/log/audit-log.ts';
import type { AuditTiming } from '../../src/audit/log/chain-log.ts';
import type { AuditLog } from '../../src/pipeline/ports.ts';
import { decision, outcome } from './chain-fixture.ts';

/** What `writer-program.ts` is told, as JSON in its first argument. */
export interface WriterProgramOptions {
  readonly config: Partial<AuditLogConfig> & { readonly file: string };
  readonly timing?: Partial<AuditTiming>;
  /** Pushes under way at once. */
  readonly concurrency: number;
  /** Pushes in all; endless when left out. */
  readonly pushes?: number;
  /** Milliseconds that each client rests after a push; 0 when left out. */
  readonly restMs?: number;
  /** Goes before the number in each request id. */
  readonly prefix: string;
}

// A gateway reduced to its audit log: every push is recorded before and after, and each step is
// said on stdout in the instant it is acknowledged, so that a kill loses no word of it.

function say(word: string, detail = ''): void {
  const line = Buffer.from(`${word} ${detail}\n`);
  for (let written = 0; written < line.byteLength; ) {
    try {
      written += writeSync(1, line, written);
    } catch (error) {
      // the pipe is full: whoever reads it is slow
      if (!(error instanceof Error && 'code' in error && error.code === 'EAGAIN')) throw error;
    }
  }
}

async function push(audit: AuditLog, id: string): Promise<void> {
  try {
    await audit.append(decision(id));
    say('decided', id);
    await audit.append(outcome(id));
    say('done', id);
  } catch (error) {
    say('refused', `${id} ${error instanceof Error ? error.message : error}`);
    // a client would try again after a while, not at once
    await rest(20);
  }
}

async function run(options: WriterProgramOptions): Promise<void> {
  say('pid', String(process.pid));
  const shout = (message: string): void => say('log', message);
  const audit = await openAuditLog(
    { sync: 'batch', onFailure: 'deny', rotateBytes: 1 << 30, keep: 30, ...options.config },
    {
      clock: { now: () => Date.now(), monotonic: () => performance.now() },
      log: { info: shout, warn: shout, error: shout },
      ...(options.timing && { timing: options.timing }),
    },
  );
  say('opened', String(audit.head().seq));
  let next = 0;
  let { pushes = Number.POSITIVE_INFINITY } = options;
  process.once('SIGTERM', () => {
    pushes = 0; // what is under way is finished, nothing new begun
  });
  const { concurrency, prefix, restMs = 0 } = options;
  const client = async (): Promise<void> => {
    while (next < pushes) {
      await push(audit, `${prefix}${next++}`);
      if (restMs > 0) await rest(restMs);
    }
  };
  await Promise.all(Array.from({ length: concurrency }, client));
  await close(audit);
}

async function close(audit: AuditLog): Promise<void> {
  try {
    audit.record({ event: 'stop', cause: 'SIGTERM' });
    await audit.close();
    say('closed');
    process.exit(0);
  } catch (error) {
    say('unclosed', String(error));
    process.exit(1);
  }
}

try {
  await run(JSON.parse(process.argv[2] ?? '{}'));
} catch (error) {
  say('failed', String(error));
  process.exitCode = 1;
}
