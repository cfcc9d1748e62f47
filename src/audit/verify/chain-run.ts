import type { KeyObject } from 'node:crypto';
import {
  type ChainHead,
  type ChainProblem,
  findGap,
  readRecord,
  type StoredRecord,
} from '../../core/audit/audit-chain.ts';
import type { Line } from '../../disk/line-reader.ts';
import { isSignedBy } from '../checkpoint.ts';

/** What a chain is checked against beside itself. */
export interface ChainCheckOptions {
  /** Public keys that may have signed, by fingerprint; with none, signatures are not looked at. */
  readonly keys: ReadonlyMap<string, KeyObject>;
  /** Places of the chain that are known from elsewhere. */
  readonly anchors: readonly ChainHead[];
}

/** Where a line is, counted from 1, and what is wrong with it. */
interface LineProblem extends ChainProblem {
  readonly line: number;
}

/** Some lines after one another, checked on their own. */
export interface ChainRun {
  readonly lines: number;
  /** Records up to the first problem. */
  readonly records: number;
  /** The place before the first record, which its `prev` names. */
  readonly start: ChainHead | undefined;
  readonly head: ChainHead | undefined;
  /** The newest checkpoint with a signature that holds. */
  readonly signed: ChainHead | undefined;
  /** Events of the first and the last records, two of each where there are two. */
  readonly firstEvents: readonly string[];
  readonly lastEvents: readonly string[];
  /** The first problem; nothing was read beyond it. */
  readonly problem: LineProblem | undefined;
  /** Number of an unfinished last line. */
  readonly tornLine: number | undefined;
}

/** Checks lines that follow one another: each against itself and the one before. */
export function checkRun(source: Iterable<Line>, options: ChainCheckOptions): ChainRun {
  let lines = 0;
  let records = 0;
  let start: ChainHead | undefined;
  let head: ChainHead | undefined;
  let signed: ChainHead | undefined;
  const firstEvents: string[] = [];
  let lastEvents: readonly string[] = [];
  const end = (found: Partial<ChainRun> = {}): ChainRun => {
    return {
      lines,
      records,
      start,
      head,
      signed,
      firstEvents,
      lastEvents,
      problem: undefined,
      tornLine: undefined,
      ...found,
    };
  };
  for (const line of source) {
    const { number, text } = line;
    lines = number;
    if (!line.complete) return end(judgeEnd(line, head));
    const record = readRecord(text);
    if ('problem' in record) return end({ problem: { ...record, line: number } });
    const { seq, hash, prev, event } = record;
    const problem = head && findGap(record, head);
    const found =
      problem ??
      compareToAnchors(record, options) ??
      checkSignature(record, options) ??
      checkSignedEnd(lastEvents, event, options);
    if (found !== undefined) return end({ problem: { seq, problem: found, line: number } });
    start ??= { seq: seq - 1, hash: prev };
    head = { seq, hash };
    if (event === 'checkpoint' && options.keys.size > 0) signed = head;
    records += 1;
    if (firstEvents.length < 2) firstEvents.push(event);
    lastEvents = [...lastEvents.slice(-1), event];
  }
  return end();
}

const NOT_TORN = 'the last line has no end, and is not the beginning of the next record';

/** What a last line without its end is. */
function judgeEnd(line: Line, head: ChainHead | undefined): Partial<ChainRun> {
  const { number } = line;
  return isTorn(line, head)
    ? { tornLine: number }
    : { problem: { problem: NOT_TORN, line: number } };
}

/** Bytes of the longest record. */
const MAX_RECORD = 32 * 1024;
const RECORD_START = '{"seq":';

/**
 * Whether a last line without its end is what a crash leaves: the beginning of the next record, and
 * zeros, which some file systems put where nothing was written yet.
 */
function isTorn({ text, bytes }: Line, head: ChainHead | undefined): boolean {
  const written = text.replace(/\0+$/, '');
  if (bytes >= MAX_RECORD || !/^[ -~]*$/.test(written)) return false;
  if (!written.startsWith(RECORD_START.slice(0, written.length))) return false;
  const seq = /^\{"seq":(\d+),/.exec(written)?.[1];
  return seq === undefined || head === undefined || Number(seq) === head.seq + 1;
}

/**
 * Says when a record stands behind a signed end without being the next start's own: a gateway that
 * signs begins with a checkpoint there, which nobody else can make.
 * @param before events of the two records before it
 */
export function checkSignedEnd(
  before: readonly string[],
  event: string,
  { keys }: ChainCheckOptions,
): string | undefined {
  const isEnded = keys.size > 0 && before.at(-2) === 'stop' && before.at(-1) === 'checkpoint';
  return isEnded && event !== 'checkpoint'
    ? 'the record stands behind a signed end, and no start of the gateway made it'
    : undefined;
}

/** Says when an anchor names another record in this place. */
export function compareToAnchors(
  { seq, hash }: ChainHead,
  { anchors }: ChainCheckOptions,
): string | undefined {
  const isOther = anchors.some((anchor) => anchor.seq === seq && anchor.hash !== hash);
  return isOther ? `record ${seq} is not the one that the anchor names` : undefined;
}

function checkSignature(
  { event, members }: StoredRecord,
  { keys }: ChainCheckOptions,
): string | undefined {
  if (event !== 'checkpoint' || keys.size === 0) return undefined;
  const key = typeof members['key'] === 'string' ? keys.get(members['key']) : undefined;
  if (key === undefined) return 'the checkpoint is signed with another key';
  return isSignedBy(key, members) ? undefined : 'the signature of the checkpoint does not hold';
}
