/** The database of a spool. */
export const SPOOL_FILE = 'spool.db';

/** What one gateway holds of a directory, so that no other takes it. */
export const SPOOL_LOCK = 'spool.lock';

/** Space put aside for the day its disk is full. */
export const SPOOL_RESERVE = 'spool.reserve';

/** Every file in the directory of a spool: what SQLite keeps beside the database, too. */
export const SPOOL_FILES: readonly string[] = [
  SPOOL_FILE,
  `${SPOOL_FILE}-wal`,
  `${SPOOL_FILE}-shm`,
  `${SPOOL_FILE}-journal`,
  SPOOL_LOCK,
  SPOOL_RESERVE,
];
