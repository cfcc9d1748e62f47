import { closeSync, existsSync, mkdirSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { crc32 } from 'node:zlib';
import { findForeignKind } from '../core/file-kind.ts';
import type { SpoolEntry } from '../core/spool/spool-entry.ts';
import { SPOOL_FILE, SPOOL_FILES, SPOOL_LOCK } from '../core/spool/spool-files.ts';
import { nodeFileSystem } from '../disk/file-system.ts';
import { DamagedError } from './disk-problem.ts';

/** What is written at once, or not at all. */
export interface DiskChange {
  /** New ones have a body; of the others the state changes. */
  readonly written: readonly { readonly entry: SpoolEntry; readonly body?: Uint8Array }[];
  /** Sequence numbers. */
  readonly removed: readonly number[];
  /** Writes something in any case, to see whether the disk takes it. */
  readonly isTrial?: true;
}

const AWAY = 'move the directory of the spool away, which gives up what waits in it';
/** Those of an entry. */
const STATES: ReadonlySet<string> = new Set<SpoolEntry['state']>(['waiting', 'stored']);
/** Of the form of the rows: a file of another version is not touched. */
const VERSION = 2;
/** The log of writes is emptied into the file at this many pages of 4 KiB. */
const CHECKPOINT_PAGES = 1000;

/** What changes of a push stands apart from it: a state is written without the body again. */
const SCHEMA = `
  CREATE TABLE push (
    seq INTEGER PRIMARY KEY, request TEXT NOT NULL, request_crc INTEGER NOT NULL,
    body BLOB NOT NULL, body_crc INTEGER NOT NULL
  ) STRICT;
  CREATE TABLE state (
    seq INTEGER PRIMARY KEY, state TEXT NOT NULL, sent_at INTEGER, stored_at INTEGER
  ) STRICT;
  CREATE TABLE trial (number INTEGER PRIMARY KEY, at INTEGER NOT NULL) STRICT`;

/** What was found when the file was opened. */
export interface LoadedEntries {
  readonly entries: readonly SpoolEntry[];
  /** Rows of which nothing can be told any more. */
  readonly damaged: number;
}

/**
 * Makes the directory if its parent is there, and refuses what is no regular file in it.
 * @returns where the lock of the spool is
 */
export function prepareDirectory(directory: string): string {
  if (!existsSync(directory)) mkdirSync(directory, { mode: 0o700 });
  for (const name of SPOOL_FILES) {
    const path = join(directory, name);
    const status = nodeFileSystem.statusAt(path);
    const problem = status && findForeignKind(path, status.kind);
    if (problem !== undefined) throw new Error(problem);
  }
  return join(directory, SPOOL_LOCK);
}

/** The database of one spool. All of it is synchronous, and for a thread of its own. */
export class SpoolFile {
  /** What is written goes to these, which must stay where they are. */
  readonly #inUse: readonly FileInUse[];
  readonly #database: DatabaseSync;
  readonly #statements: Statements;

  constructor(directory: string) {
    const path = join(directory, SPOOL_FILE);
    // SQLite gives the files beside it the same rights.
    if (!existsSync(path)) closeSync(openSync(path, 'a', 0o600));
    this.#database = new DatabaseSync(path);
    this.#database.exec(`
      PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
      PRAGMA wal_autocheckpoint = ${CHECKPOINT_PAGES}`);
    this.#adopt(path);
    this.#statements = prepareStatements(this.#database);
    this.#inUse = [path, `${path}-wal`].map((file) => ({ path: file, number: numberOf(file) }));
  }

  /** Everything but the bodies. */
  load(): LoadedEntries {
    const rows = this.#database.prepare(`
      SELECT seq, state, sent_at, stored_at, request, request_crc
      FROM push LEFT JOIN state USING (seq) ORDER BY seq`);
    const entries: SpoolEntry[] = [];
    let damaged = 0;
    for (const { seq, state, sent_at, stored_at, request, request_crc } of rows.iterate()) {
      const isWhole = crc32(String(request)) === Number(request_crc);
      if (!isWhole || !STATES.has(String(state))) {
        damaged += 1;
        continue;
      }
      entries.push({
        ...JSON.parse(String(request)),
        seq: Number(seq),
        state: String(state),
        sentAt: sent_at === null ? undefined : Number(sent_at),
        storedAt: stored_at === null ? undefined : Number(stored_at),
      });
    }
    return { entries, damaged };
  }

  /** On disk when it returns; when it throws, nothing of it is. */
  write(changes: readonly DiskChange[]): void {
    this.#checkInPlace();
    this.#database.exec('BEGIN');
    try {
      for (const change of changes) this.#apply(change);
      this.#database.exec('COMMIT');
    } catch (error) {
      if (this.#database.isTransaction) this.#database.exec('ROLLBACK');
      throw error;
    }
  }

  /** Undefined for what is no longer there. */
  body(seq: number): Uint8Array | undefined {
    const { body, body_crc: crc } = this.#statements.body.get(seq) ?? {};
    if (!(body instanceof Uint8Array)) return undefined;
    if (crc32(body) !== Number(crc)) throw new DamagedError();
    return body;
  }

  close(): void {
    this.#database.close();
  }

  #adopt(path: string): void {
    const [found] = Object.values(this.#database.prepare('PRAGMA user_version').get() ?? {});
    if (found === VERSION) return;
    if (found !== 0) {
      throw new Error(`${path} is of another version of pushwarden: start that one, or ${AWAY}`);
    }
    this.#database.exec(`BEGIN; ${SCHEMA}; PRAGMA user_version = ${VERSION}; COMMIT`);
  }

  /** What is written to a file without a name is gone with the process. */
  #checkInPlace(): void {
    for (const { path, number } of this.#inUse) {
      if (numberOf(path) === number) continue;
      throw new Error(`${path} was removed or replaced while it is in use: start the gateway anew`);
    }
  }

  #apply({ written, removed, isTrial }: DiskChange): void {
    const { insertPush, insertState, update, removePush, removeState, attempt } = this.#statements;
    for (const { entry, body } of written) {
      const { seq, state, sentAt = null, storedAt = null, ...rest } = entry;
      if (body === undefined) {
        update.run(state, sentAt, storedAt, seq);
        continue;
      }
      const request = JSON.stringify(rest);
      insertPush.run(seq, request, crc32(request), body, crc32(body));
      insertState.run(seq, state, sentAt, storedAt);
    }
    for (const seq of removed) {
      removePush.run(seq);
      removeState.run(seq);
    }
    if (isTrial) attempt.run(Date.now());
  }
}

interface FileInUse {
  readonly path: string;
  readonly number: bigint | undefined;
}

function numberOf(path: string): bigint | undefined {
  return nodeFileSystem.statusAt(path)?.inode;
}

type Statements = ReturnType<typeof prepareStatements>;

function prepareStatements(database: DatabaseSync) {
  const prepare = (sql: string): StatementSync => database.prepare(sql);
  return {
    insertPush: prepare('INSERT INTO push VALUES (?, ?, ?, ?, ?)'),
    insertState: prepare('INSERT INTO state VALUES (?, ?, ?, ?)'),
    update: prepare('UPDATE state SET state = ?, sent_at = ?, stored_at = ? WHERE seq = ?'),
    removePush: prepare('DELETE FROM push WHERE seq = ?'),
    removeState: prepare('DELETE FROM state WHERE seq = ?'),
    body: prepare('SELECT body, body_crc FROM push WHERE seq = ?'),
    attempt: prepare('INSERT OR REPLACE INTO trial VALUES (1, ?)'),
  };
}
