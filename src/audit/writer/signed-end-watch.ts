import { type ChainHead, readRecord, type StoredRecord } from '../../core/audit/audit-chain.ts';
import type { Line } from '../../disk/line-reader.ts';
import type { SignatureCheck } from '../checkpoint.ts';

/**
 * Follows the lines of a log and finds what was put behind the newest end that this gateway's key
 * signed: its next start would have signed again before anything else, and nobody else can.
 */
export class SignedEndWatch {
  readonly #isOwn: SignatureCheck;
  #lastEvent = '';
  #end: ChainHead | undefined;
  #foreign: { readonly place: string; count: number } | undefined;

  constructor(isOwn: SignatureCheck) {
    this.#isOwn = isOwn;
  }

  /** The signed end, and what stands behind it, for people; undefined when nothing does. */
  get found(): { readonly head: ChainHead; readonly damage: string } | undefined {
    if (this.#end === undefined || this.#foreign === undefined) return undefined;
    const { place, count } = this.#foreign;
    const what = count === 1 ? '1 line stands' : `${count} lines stand`;
    const damage = `${place}: ${what} behind the signed end ${this.#end.seq}, and no start of the gateway made them`;
    return { head: this.#end, damage };
  }

  /** The signed end, if nothing stands behind it. */
  get end(): ChainHead | undefined {
    return this.#foreign === undefined ? this.#end : undefined;
  }

  follow(path: string, line: Line): void {
    const record = readRecord(line.text);
    if ('problem' in record) {
      this.#count(path, line);
      return;
    }
    const isSigned = record.event === 'checkpoint' && this.#isOwn(record.members);
    if (isSigned || this.#isAnswer(record)) {
      const { seq, hash } = record;
      this.#foreign = undefined;
      this.#end = isSigned && this.#lastEvent === 'stop' ? { seq, hash } : undefined;
    } else this.#count(path, line);
    this.#lastEvent = record.event;
  }

  /** A start that found this already, and went on from the signed end. */
  #isAnswer({ seq, prev, event }: StoredRecord): boolean {
    return (
      this.#foreign !== undefined &&
      event === 'recovered' &&
      prev === this.#end?.hash &&
      seq === this.#end.seq + 1
    );
  }

  #count(path: string, line: Line): void {
    if (this.#end === undefined) return;
    this.#foreign ??= { place: `${path}:${line.number}`, count: 0 };
    this.#foreign.count += 1;
  }
}
