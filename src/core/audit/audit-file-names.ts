/** Digits of the first sequence number in a closed segment's name, so that names sort. */
const SEQ_DIGITS = 12;

/** What follows the file's name in the name of a closed segment. */
const CLOSED = /^\.\d{12}(?:\.\d+)?$/;

/** What lies beside a log: hidden, so that `audit.jsonl*` names segments only. */
export type Companion = 'lock' | 'reserve';

/** The name of the segment of the log `name` that begins with record `firstSeq`. */
export function nameSegment(name: string, firstSeq: number): string {
  return `${name}.${String(firstSeq).padStart(SEQ_DIGITS, '0')}`;
}

/** Whether a file is a closed segment of the log `name`, by its name. */
export function isSegmentName(name: string, file: string): boolean {
  return file.startsWith(name) && CLOSED.test(file.slice(name.length));
}

/** The name of the lock of the log `name`, or of the space kept for a full disk. */
export function nameOfCompanion(name: string, companion: Companion): string {
  return `.${name}.${companion}`;
}

/** What SQLite, which takes the lock, opens or removes beside it. */
const BESIDE_LOCK = ['', '-journal', '-wal', '-shm'];

/** Whether the gateway writes, renames or removes a file for the log `name`, by its name. */
export function isAuditFileName(name: string, file: string): boolean {
  return (
    file === name ||
    isSegmentName(name, file) ||
    file === nameOfCompanion(name, 'reserve') ||
    BESIDE_LOCK.some((suffix) => file === `${nameOfCompanion(name, 'lock')}${suffix}`)
  );
}

/** The name of the log of unknown callers beside the log `name`: `audit.unknown.jsonl`. */
export function nameUnknownLog(name: string): string {
  const dot = name.lastIndexOf('.');
  return dot <= 0 ? `${name}.unknown` : `${name.slice(0, dot)}.unknown${name.slice(dot)}`;
}

/** Whether a file is of a log of unknown callers, by its name: the log, or a segment of it. */
export function isUnknownLogName(file: string): boolean {
  return /\.unknown(?:\.|$)/.test(file);
}

/** Whether a file is a closed segment of any log, by its name. */
export function isClosedSegmentName(file: string): boolean {
  return /\.\d{12}(?:\.\d+)?$/.test(file);
}
