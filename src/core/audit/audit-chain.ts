import { hash } from 'node:crypto';
import { parseObject } from '../json.ts';
import { toAscii } from './audit-entry.ts';
import { writeCanonicalEntry } from './canonical-entry.ts';
import { canonicalJson } from './canonical-json.ts';

/** A place in the chain: the record with sequence number `seq` has this hash. */
export interface ChainHead {
  readonly seq: number;
  /** `sha256:` and 64 hexadecimal digits. */
  readonly hash: string;
}

/** Before the first record: its `prev` is the SHA-256 of the empty string. */
export const GENESIS: ChainHead = { seq: 0, hash: sha256('') };

export interface SealedRecord {
  /** The line as it stands in the file, without its newline. */
  readonly line: string;
  readonly head: ChainHead;
}

/**
 * Gives an entry its place in the chain: the record after `previous`.
 * @param entry the output of `renderEntry`
 */
export function sealEntry(entry: string, previous: ChainHead): SealedRecord {
  const seq = previous.seq + 1;
  const members = entry.slice(1, -1);
  const plain = writeCanonicalEntry(members, seq, previous.hash);
  const own = sha256(plain ?? canonicalJson({ ...JSON.parse(entry), seq, prev: previous.hash }));
  return {
    line: `{"seq":${seq},${members},"prev":"${previous.hash}","hash":"${own}"}`,
    head: { seq, hash: own },
  };
}

/** A record as read from a file: its hash is its own, what the event says is not checked. */
export interface StoredRecord extends ChainHead {
  readonly prev: string;
  readonly time: string;
  readonly event: string;
  readonly members: Readonly<Record<string, unknown>>;
}

/** Why a line is not a record that stands where it stands. */
export interface ChainProblem {
  readonly problem: string;
  /** Sequence number that the line claims, where it can be read. */
  readonly seq?: number;
}

/**
 * Reads one line and checks it against itself: that it is the text the gateway writes, byte for
 * byte, and that its hash is the hash of its content.
 */
export function readRecord(line: string): StoredRecord | ChainProblem {
  const members = parseObject(line);
  if (members === undefined) return { problem: 'the line is not a JSON object' };
  const { hash: own, ...content } = members;
  const { seq, prev, time, event } = content;
  if (typeof seq !== 'number' || !Number.isSafeInteger(seq) || seq < 1) {
    return { problem: 'the line has no sequence number' };
  }
  if (
    typeof own !== 'string' ||
    typeof prev !== 'string' ||
    typeof time !== 'string' ||
    typeof event !== 'string'
  ) {
    return { seq, problem: 'the record lacks time, event, prev or hash' };
  }
  if (contentHash(content) !== own) return { seq, problem: 'the record was changed' };
  if (toAscii(JSON.stringify(members)) !== line) {
    return { seq, problem: 'the line was written anew by another program' };
  }
  return { seq, hash: own, prev, time, event, members };
}

/** Says what is wrong with `record` as the one after `previous`; undefined when nothing is. */
export function findGap(
  record: Pick<StoredRecord, 'seq' | 'prev'>,
  previous: ChainHead,
): string | undefined {
  const expected = previous.seq + 1;
  if (record.seq > expected)
    return `records are missing: expected ${expected}, found ${record.seq}`;
  if (record.seq < expected)
    return `a record twice or out of order: expected ${expected}, found ${record.seq}`;
  if (record.prev !== previous.hash) return `prev is not the hash of record ${previous.seq}`;
  return undefined;
}

function contentHash(content: object): string | undefined {
  try {
    return sha256(canonicalJson(content));
  } catch {
    // nested too deeply or with a lone surrogate: nothing that was ever sealed
    return undefined;
  }
}

function sha256(text: string | Uint8Array): string {
  return `sha256:${hash('sha256', text)}`;
}
