import { messageOf } from '../core/errors.ts';

/** What a row holds is not what was written to it. */
export class DamagedError extends Error {
  constructor() {
    super('what was kept is damaged: its checksum does not fit');
  }
}

/** What went wrong with the disk of a spool. */
export interface DiskProblem {
  /** What it is, and what to do about it. */
  readonly message: string;
  /** Whether what was asked for will never be readable again. */
  readonly isDamaged: boolean;
}

/** There is room, but none for something new. */
export class FullError extends Error {
  readonly errcode = FULL;

  constructor() {
    super('the disk is full but for what is put aside');
  }
}

const FULL = 13;
const READ_ONLY = 8;
const IO_ERROR = 10;
const CORRUPT = 11;
const NOT_A_DATABASE = 26;
/** An error has one of these in its lowest byte, and details above. */
const CODE_MASK = 0xff;

const START_EMPTY =
  'to go on without what waits in it, stop the gateway and move the directory of the spool away';

/** By the code of SQLite. @see https://www.sqlite.org/rescode.html */
const FIXES: Readonly<Record<number, string>> = {
  [FULL]: 'make room on the disk of spool.dir',
  [READ_ONLY]: 'the files in spool.dir must be writable for the gateway',
  [IO_ERROR]: "look for errors of the disk of spool.dir in the kernel's log",
  [CORRUPT]: START_EMPTY,
  [NOT_A_DATABASE]: START_EMPTY,
};

/** Tells what an error of the disk means. */
export function describeDiskProblem(error: unknown): DiskProblem {
  const text = messageOf(error);
  const code = codeOf(error);
  const fix = code === undefined ? undefined : FIXES[code];
  return {
    message: fix === undefined ? text : `${text}: ${fix}`,
    isDamaged: error instanceof DamagedError || code === CORRUPT,
  };
}

/** Whether there is no room for what was to be written. */
export function isFull(error: unknown): boolean {
  return codeOf(error) === FULL;
}

function codeOf(error: unknown): number | undefined {
  if (!(error instanceof Error) || !('errcode' in error)) return undefined;
  return Number(error.errcode) & CODE_MASK;
}
