/** The database of a spool. */
export const SPOOL_FILE = 'spool.db';

/** What one gateway holds of a directory, so that no other takes it. */
export const SPOOL_LOCK = 'spool.lock';

/** Space put aside for the day its disk is full. */
export const SPOOL_RESERVE = 'spool.reserve';

/** What SQLite opens or removes beside a database; the lock is one too. */
const BESIDE = ['', '-wal', '-shm', '-journal'];

/** Every file in the directory of a spool. */
export const SPOOL_FILES: readonly string[] = [
  ...BESIDE.map((suffix) => `${SPOOL_FILE}${suffix}`),
  ...BESIDE.map((suffix) => `${SPOOL_LOCK}${suffix}`),
  SPOOL_RESERVE,
];
