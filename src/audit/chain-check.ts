import type { KeyObject } from 'node:crypto';
import {
  type ChainHead,
  type ChainProblem,
  findGap,
  GENESIS,
  readRecord,
  type StoredRecord,
} from '../core/audit-chain.ts';
import { CHECKPOINT_RECORDS, fingerprint, isSignedBy } from './checkpoint.ts';

export interface ChainCheckOptions {
  /** Public keys that may have signed; with none, signatures are not looked at. */
  readonly keys: readonly KeyObject[];
  /** Places of the chain that are known from elsewhere. */
  readonly anchors: readonly ChainHead[];
}

/** Follows a chain line by line and says where it stops being one. */
export class ChainCheck {
  readonly #keys: ReadonlyMap<string, KeyObject>;
  readonly #anchors: readonly ChainHead[];
  #records = 0;
  #start: ChainHead | undefined;
  #head: ChainHead | undefined;
  #signed: ChainHead | undefined;

  constructor({ keys, anchors }: ChainCheckOptions) {
    this.#keys = new Map(keys.map((key) => [fingerprint(key), key]));
    this.#anchors = anchors;
  }

  /** Records that were accepted. */
  get records(): number {
    return this.#records;
  }

  /** The place before the oldest record, which its `prev` names. */
  get start(): ChainHead | undefined {
    return this.#start;
  }

  get head(): ChainHead | undefined {
    return this.#head;
  }

  /** The newest checkpoint with a signature that holds. */
  get signed(): ChainHead | undefined {
    return this.#signed;
  }

  /** Takes the next line; undefined when it is the next record of the chain. */
  accept(line: string): ChainProblem | undefined {
    const record = readRecord(line);
    if ('problem' in record) return record;
    const problem = this.#place(record) ?? this.#compare(record) ?? this.#checkSignature(record);
    if (problem !== undefined) return { seq: record.seq, problem };
    this.#head = { seq: record.seq, hash: record.hash };
    if (record.event === 'checkpoint' && this.#keys.size > 0) this.#signed = this.#head;
    this.#records += 1;
    return undefined;
  }

  /** Says what is missing after the last line. */
  end(): ChainProblem | undefined {
    const end = this.#head?.seq ?? 0;
    const missing = this.#anchors.find(({ seq }) => seq > end);
    if (missing !== undefined) {
      const { seq } = missing;
      return { seq, problem: `the log ends at record ${end}, before the anchor ${seq}` };
    }
    if (this.#keys.size === 0 || this.#head === undefined) return undefined;
    if (this.#signed === undefined) return { seq: end, problem: 'no checkpoint is signed' };
    const unsigned = end - this.#signed.seq;
    if (unsigned <= CHECKPOINT_RECORDS) return undefined;
    return { seq: end, problem: `the last ${unsigned} records are not signed by a checkpoint` };
  }

  #place(record: StoredRecord): string | undefined {
    if (this.#head !== undefined) return findGap(record, this.#head);
    if (record.seq === 1) return findGap(record, GENESIS);
    const start = { seq: record.seq - 1, hash: record.prev };
    this.#start = start;
    const older = this.#anchors.find(({ seq }) => seq < start.seq);
    if (older !== undefined) return `the anchor ${older.seq} is older than the oldest record`;
    return this.#compare(start);
  }

  #compare(place: ChainHead): string | undefined {
    const anchor = this.#anchors.find(({ seq }) => seq === place.seq);
    if (anchor === undefined || anchor.hash === place.hash) return undefined;
    return `record ${place.seq} is not the one that the anchor names`;
  }

  #checkSignature({ event, members }: StoredRecord): string | undefined {
    if (event !== 'checkpoint' || this.#keys.size === 0) return undefined;
    const key = typeof members['key'] === 'string' ? this.#keys.get(members['key']) : undefined;
    if (key === undefined) return 'the checkpoint is signed with another key';
    return isSignedBy(key, members) ? undefined : 'the signature of the checkpoint does not hold';
  }
}
