import type { ChainHead } from '../../core/audit/audit-chain.ts';
import type { AuditEvent, RecoveredEvent } from '../../core/audit/audit-record.ts';
import type { AuditLog, Clock, OperationalLog } from '../../pipeline/ports.ts';
import type { Recovery } from '../writer/recovery.ts';
import type { WriterThread } from '../writer/writer-client.ts';
import type { CommitObserver } from './commit-observer.ts';
import { GroupCommit } from './group-commit.ts';
import { splitRecovered } from './recovered-events.ts';

/** One chain of records in its files. */
export interface ChainLogConfig {
  /** Absolute path; its directory exists. */
  readonly file: string;
  /** `batch`: each batch is on disk before it counts; `none`: the system writes when it likes. */
  readonly sync: 'batch' | 'none';
  /** Whether pushes are refused or go on while the log cannot be written. */
  readonly onFailure: 'deny' | 'continue';
  /** Bytes after which a new segment begins. */
  readonly rotateBytes: number;
  /** Closed segments that stay. */
  readonly keep: number;
  /** Milliseconds that they stay at most. */
  readonly keepForMs?: number;
  /** Path of the Ed25519 private key that signs checkpoints. */
  readonly signKeyFile?: string;
  /** The name of the gateway among several: in each record. */
  readonly gateway?: string | undefined;
}

export interface AuditLogDependencies {
  readonly clock: Clock;
  readonly log: OperationalLog;
  /** For metrics: what is on disk and what was missed. */
  readonly observer?: AuditObserver;
  readonly timing?: Partial<AuditTiming>;
  /** Called when another gateway holds the file, before the log says so; never rejects. */
  readonly onWait?: () => Promise<void>;
}

interface AuditObserver extends Pick<CommitObserver, 'missed'> {
  /** @param head left out of the log of unknown callers */
  recorded(event: AuditEvent['event'], head?: ChainHead): void;
  /** Pushes are refused from now on because the log cannot be written; or no more. */
  refusing?(isRefusing: boolean): void;
}

/** Milliseconds. */
export interface AuditTiming {
  /** How long another gateway is waited for that still holds the file. */
  readonly lockWaitMs: number;
  /** After which the disk counts as hanging. */
  readonly deadlineMs: number;
  /** After which a disk that failed is tried again. */
  readonly retryMs: number;
  /** Between two checkpoints. */
  readonly checkpointMs: number;
}

const TIMING: AuditTiming = {
  lockWaitMs: 30_000,
  deadlineMs: 5000,
  retryMs: 250,
  checkpointMs: 60_000,
};

/**
 * Opens a log for writing: waits until no other gateway holds it, reads its end, goes on
 * with its chain and records what a crash left behind. Rejects with ERR_AUDIT_UNAVAILABLE,
 * ERR_AUDIT_BROKEN (the file is something else) or ERR_SECRET_UNREADABLE (the signing key).
 * @param thread - that writes it
 */
export async function openChainLog(
  config: ChainLogConfig,
  { clock, log, observer, timing: given, onWait }: AuditLogDependencies,
  thread: WriterThread,
): Promise<AuditLog> {
  const timing = { ...TIMING, ...given };
  const { lockWaitMs } = timing;
  const { file, onFailure, rotateBytes, keep, keepForMs, signKeyFile, gateway } = config;
  const wait = async (): Promise<void> => {
    await onWait?.();
    log.info('waiting for another gateway to let go of the audit log', { file });
  };
  const writer = await thread.open(
    {
      ...{ file, sync: config.sync === 'batch', rotateBytes, keep, keepForMs, signKeyFile },
      ...{ gateway, lockWaitMs },
    },
    () => void wait(),
  );
  for (const exposed of writer.exposed) {
    log.warn('others than its owner had rights to a file of the audit log', { ...exposed });
  }
  const commit = new GroupCommit(writer.recovery.head, {
    ...timing,
    onFailure,
    clock,
    gateway,
    observer: {
      ...createLogObserver(log, file, (isRefusing) => {
        if (onFailure === 'deny') observer?.refusing?.(isRefusing);
      }),
      ...observer,
    },
    request: writer.request,
  });
  const checkpoints = setInterval(() => commit.requestCheckpoint(), timing.checkpointMs).unref();
  const close = async (): Promise<void> => {
    clearInterval(checkpoints);
    try {
      await commit.close();
    } finally {
      await writer.release();
    }
  };
  try {
    for (const event of describeRecovery(writer.recovery)) await append(commit, event);
  } catch (error) {
    await close().catch(() => undefined); // the first error says more
    throw error;
  }
  return {
    append: (event) => append(commit, event),
    record: (event) => commit.submit(event),
    head: () => commit.head,
    close,
  };
}

function append(commit: GroupCommit, event: AuditEvent): Promise<void> {
  const waiter = Promise.withResolvers<void>();
  commit.submit(event, waiter);
  return waiter.promise;
}

function createLogObserver(
  log: OperationalLog,
  file: string,
  onRefusing: (isRefusing: boolean) => void,
): CommitObserver {
  return {
    recorded: () => {},
    missed: () => {},
    unavailable(error) {
      onRefusing(true);
      log.error(error.message, { file, code: error.code });
    },
    available() {
      onRefusing(false);
      log.warn('the audit log is written again', { file });
    },
    checkpoint: ({ seq, hash }) => log.info('audit checkpoint', { seq, hash }),
  };
}

function describeRecovery(recovery: Recovery): readonly RecoveredEvent[] {
  const { damage, tornBytes, unknownOutcomes } = recovery;
  if (damage === undefined && tornBytes === 0 && unknownOutcomes.length === 0) return [];
  return splitRecovered({
    cause: damage === undefined ? 'crash' : 'damage',
    ...(damage !== undefined && { detail: damage }),
    torn_bytes: tornBytes,
    unknown_outcomes: unknownOutcomes,
  });
}
