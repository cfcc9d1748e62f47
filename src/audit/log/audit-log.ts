import type { AuditLog, OperationalLog } from '../../pipeline/ports.ts';
import { startWriterThread } from '../writer/writer-client.ts';
import { type AuditLogDependencies, type ChainLogConfig, openChainLog } from './chain-log.ts';
import { withFloodControl } from './flood-control.ts';
import { withOutcomeWatch } from './outcome-watch.ts';
import { type RecordedReads, withReadFilter } from './read-filter.ts';
import { withUnknownCallers } from './unknown-callers.ts';

export interface AuditLogConfig extends ChainLogConfig {
  /** Files for what callers do who have no credential; left out: it goes with the rest. */
  readonly unknown?: UnknownLogConfig;
  /** Which allowed reads are recorded; left out: all. */
  readonly reads?: RecordedReads;
}

interface UnknownLogConfig {
  /** Absolute path, beside the log's. */
  readonly file: string;
  readonly rotateBytes: number;
  readonly keep: number;
}

/** Records a second, over all addresses, of callers who have no credential. */
const UNKNOWN_PER_SECOND = 100;
/** Addresses, and as many networks, that are told apart among them. */
const UNKNOWN_SOURCES = 256;

/**
 * Opens the audit log for writing, and beside it the one of unknown callers, which nobody waits
 * for: no disk is kept busy for their sake. Rejects as `openChainLog` does.
 */
export async function openAuditLog(
  config: AuditLogConfig,
  dependencies: AuditLogDependencies,
): Promise<AuditLog> {
  const { unknown: own, reads = 'all', ...main } = config;
  const { clock, observer } = dependencies;
  // one for both: each takes 13 MiB, and the second log is seldom written
  const thread = startWriterThread();
  const known = await openChainLog(main, dependencies, thread);
  const log = withFloodControl(known, clock);
  const finish = (whole: AuditLog): AuditLog => withOutcomeWatch(withReadFilter(whole, reads));
  if (own === undefined) return finish(log);
  try {
    const unknown = await openChainLog(
      { ...main, ...own, sync: 'none' },
      {
        ...dependencies,
        log: withFile(dependencies.log, own.file),
        // the head of the chain is that of the log that pushes wait for
        ...(observer && {
          observer: {
            missed: (event) => observer.missed(event),
            recorded: (event) => observer.recorded(event),
          },
        }),
      },
      thread,
    );
    const bounds = { totalPerSecond: UNKNOWN_PER_SECOND, maxSources: UNKNOWN_SOURCES };
    return finish(withUnknownCallers(log, withFloodControl(unknown, clock, bounds)));
  } catch (error) {
    await log.close().catch(() => undefined); // the first error says more
    throw error;
  }
}

/** The same operational log, but what it says of a checkpoint names the file. */
function withFile(log: OperationalLog, file: string): OperationalLog {
  return {
    info: (message, fields) => log.info(message, { file, ...fields }),
    warn: (message, fields) => log.warn(message, fields),
    error: (message, fields) => log.error(message, fields),
  };
}
