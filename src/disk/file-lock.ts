import { closeSync, existsSync, openSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { GatewayError, type GatewayErrorCode } from '../core/errors.ts';

const RETRY_MS = 50;
/** SQLITE_BUSY: another process, or another thread of this one, holds the lock. */
const BUSY = 5;

/** What is said when the lock is not to be had. */
interface LockRefusal {
  readonly code: GatewayErrorCode;
  /** What to do about another gateway that holds it. */
  readonly fix: string;
}

const OF_AUDIT: LockRefusal = {
  code: 'ERR_AUDIT_UNAVAILABLE',
  fix: 'stop it, or give this one an audit.file of its own',
};

/** An exclusive claim on a file name, gone with the process however it ends. */
export interface FileLock {
  release(): void;
}

/**
 * Claims `path` for this process, or blocks its thread up to `waitMs` until the holder lets go.
 * Node has no file locks, but SQLite takes them: an empty database held in an exclusive
 * transaction. The kernel gives the lock back when the process dies, in whatever container it ran,
 * so that no lock is ever left behind and none is taken for dead. Throws a GatewayError.
 * @param onWait called once if the lock is taken
 */
export function lockFile(
  path: string,
  waitMs: number,
  onWait: () => void,
  refusal: LockRefusal = OF_AUDIT,
): FileLock {
  const deadline = performance.now() + waitMs;
  let lock = tryLock(path, refusal);
  if (lock === undefined) onWait();
  while (lock === undefined) {
    if (performance.now() >= deadline) {
      throw new GatewayError(refusal.code, `${path} is held by another gateway: ${refusal.fix}`);
    }
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, RETRY_MS);
    lock = tryLock(path, refusal);
  }
  return lock;
}

function tryLock(path: string, { code }: LockRefusal): FileLock | undefined {
  let database: DatabaseSync | undefined;
  try {
    createPrivate(path);
    database = new DatabaseSync(path);
    // nothing is ever stored, so no journal is needed beside the file
    database.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE');
    const held = database;
    return { release: () => held.close() };
  } catch (cause) {
    database?.close();
    if (cause instanceof Error && 'errcode' in cause && cause.errcode === BUSY) return undefined;
    const found = cause instanceof Error ? cause.message : String(cause);
    throw new GatewayError(code, `cannot lock ${path}: ${found}`, { cause });
  }
}

/** Whoever can read the file can lock it: nobody but the gateway's user may. */
function createPrivate(path: string): void {
  // never opened when it exists: closing it would give back a lock that this process holds
  if (!existsSync(path)) closeSync(openSync(path, 'a', 0o600));
}
