import { closeSync, existsSync, mkdirSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { findForeignKind } from '../core/file-kind.ts';
import type { SpoolEntry } from '../core/spool/spool-entry.ts';
import { SPOOL_FILE, SPOOL_FILES, SPOOL_LOCK } from '../core/spool/spool-files.ts';
import { nodeFileSystem } from '../disk/file-system.ts';

/** What is written at once, or not at all. */
export interface DiskChange {
  /** New ones have a body; of the others the state changes. */
  readonly written: readonly { readonly entry: SpoolEntry; readonly body?: Uint8Array }[];
  /** Sequence numbers. */
  readonly removed: readonly number[];
}

/** Of the form of the rows: a file of another version is not touched. */
const VERSION = 1;
/** The log of writes is emptied into the file at this many pages of 4 KiB. */
const CHECKPOINT_PAGES = 1000;

const SCHEMA = `
  CREATE TABLE entry (
    seq INTEGER PRIMARY KEY, state TEXT NOT NULL, sent_at INTEGER, stored_at INTEGER,
    request TEXT NOT NULL, body BLOB NOT NULL
  ) STRICT`;

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
  readonly #database: DatabaseSync;
  readonly #insert: StatementSync;
  readonly #update: StatementSync;
  readonly #remove: StatementSync;
  readonly #body: StatementSync;

  constructor(directory: string) {
    const path = join(directory, SPOOL_FILE);
    // SQLite gives the files beside it the same rights.
    if (!existsSync(path)) closeSync(openSync(path, 'a', 0o600));
    this.#database = new DatabaseSync(path);
    this.#database.exec(`
      PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
      PRAGMA wal_autocheckpoint = ${CHECKPOINT_PAGES}`);
    this.#adopt(path);
    const prepare = (sql: string): StatementSync => this.#database.prepare(sql);
    this.#insert = prepare('INSERT INTO entry VALUES (?, ?, ?, ?, ?, ?)');
    this.#update = prepare('UPDATE entry SET state = ?, sent_at = ?, stored_at = ? WHERE seq = ?');
    this.#remove = prepare('DELETE FROM entry WHERE seq = ?');
    this.#body = prepare('SELECT body FROM entry WHERE seq = ?');
  }

  /** Everything but the bodies. */
  load(): readonly SpoolEntry[] {
    const rows = this.#database.prepare(
      'SELECT seq, state, sent_at, stored_at, request FROM entry ORDER BY seq',
    );
    return rows.all().map(({ seq, state, sent_at, stored_at, request }) => ({
      ...JSON.parse(String(request)),
      seq: Number(seq),
      state: String(state),
      sentAt: sent_at === null ? undefined : Number(sent_at),
      storedAt: stored_at === null ? undefined : Number(stored_at),
    }));
  }

  /** On disk when it returns; when it throws, nothing of it is. */
  write(changes: readonly DiskChange[]): void {
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
    const [body] = Object.values(this.#body.get(seq) ?? {});
    return body instanceof Uint8Array ? body : undefined;
  }

  close(): void {
    this.#database.close();
  }

  #adopt(path: string): void {
    const [found] = Object.values(this.#database.prepare('PRAGMA user_version').get() ?? {});
    if (found === VERSION) return;
    if (found !== 0) throw new Error(`${path} is of another version of pushwarden`);
    this.#database.exec(`BEGIN; ${SCHEMA}; PRAGMA user_version = ${VERSION}; COMMIT`);
  }

  #apply({ written, removed }: DiskChange): void {
    for (const { entry, body } of written) {
      const { seq, state, sentAt = null, storedAt = null, ...request } = entry;
      if (body === undefined) this.#update.run(state, sentAt, storedAt, seq);
      else this.#insert.run(seq, state, sentAt, storedAt, JSON.stringify(request), body);
    }
    for (const seq of removed) this.#remove.run(seq);
  }
}
