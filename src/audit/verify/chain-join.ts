import {
  type ChainHead,
  type ChainProblem,
  findGap,
  GENESIS,
} from '../../core/audit/audit-chain.ts';
import { CHECKPOINT_RECORDS } from '../checkpoint.ts';
import {
  type ChainCheckOptions,
  type ChainRun,
  checkSignedEnd,
  compareToAnchors,
} from './chain-run.ts';

/** A line of a file, counted from 1. */
export interface LinePlace {
  readonly file: string;
  readonly line: number;
}

/** Where a log is not what the gateway wrote. */
export type ChainBreak = LinePlace & ChainProblem;

/** What was found about a whole log. */
export interface ChainReport {
  /** Records up to the first break. */
  readonly records: number;
  /** The place before the oldest record, which its `prev` names; undefined for the very first. */
  readonly start: ChainHead | undefined;
  readonly head: ChainHead | undefined;
  /** The newest checkpoint with a signature that holds. */
  readonly signed: ChainHead | undefined;
  readonly firstBreak: ChainBreak | undefined;
  /** An unfinished last line, as a crash leaves it. */
  readonly torn: LinePlace | undefined;
}

/** Joins runs that were checked on their own to one chain, in order. */
export class ChainJoin {
  readonly #options: ChainCheckOptions;
  #records = 0;
  #start: ChainHead | undefined;
  #head: ChainHead | undefined;
  #signed: ChainHead | undefined;
  #last: LinePlace = { file: '', line: 0 };
  #lastEvents: readonly string[] = [];
  #torn: LinePlace | undefined;
  #break: ChainBreak | undefined;

  constructor(options: ChainCheckOptions) {
    this.#options = options;
  }

  /** Takes the next run, of the same file or the next one; false when the chain is broken. */
  join(file: string, run: ChainRun): boolean {
    const before = file === this.#last.file ? this.#last.line : 0;
    const gap = this.#joinStart(run.start);
    const behind = this.#findBehindEnd(run);
    if (this.#torn !== undefined && run.lines > 0) {
      this.#break = { ...this.#torn, problem: 'the line is torn, and others follow' };
    } else if (gap !== undefined) {
      this.#break = { file, line: before + 1, ...gap };
    } else if (behind !== undefined) {
      this.#break = { file, ...behind, line: before + behind.line };
    } else {
      this.#records += run.records;
      this.#head = run.head ?? this.#head;
      this.#signed = run.signed ?? this.#signed;
      this.#lastEvents = [...this.#lastEvents, ...run.lastEvents].slice(-2);
      this.#break = run.problem && { file, ...run.problem, line: before + run.problem.line };
    }
    this.#last = { file, line: before + run.lines };
    if (run.tornLine !== undefined) this.#torn = this.#last;
    return this.#break === undefined;
  }

  /** Ends the chain: says what was found, and whether something is missing. */
  end(): ChainReport {
    return {
      records: this.#records,
      start: this.#start,
      head: this.#head,
      signed: this.#signed,
      firstBreak: this.#break ?? this.#findMissing(),
      torn: this.#torn,
    };
  }

  #joinStart(start: ChainHead | undefined): ChainProblem | undefined {
    if (start === undefined) return undefined;
    const seq = start.seq + 1;
    const isOldest = this.#head === undefined && start.seq > 0;
    const problem = isOldest
      ? this.#begin(start)
      : findGap({ seq, prev: start.hash }, this.#head ?? GENESIS);
    return problem === undefined ? undefined : { seq, problem };
  }

  /** What a run cannot see on its own: a signed end in the one before, or half of it. */
  #findBehindEnd({ firstEvents, start }: ChainRun): (ChainProblem & { line: number }) | undefined {
    const events = [...this.#lastEvents, ...firstEvents];
    for (const [index, event] of firstEvents.entries()) {
      const at = this.#lastEvents.length + index;
      const problem = checkSignedEnd(events.slice(0, at), event, this.#options);
      const seq = (start?.seq ?? 0) + index + 1;
      if (problem !== undefined) return { seq, problem, line: index + 1 };
    }
    return undefined;
  }

  #begin(start: ChainHead): string | undefined {
    this.#start = start;
    const older = this.#options.anchors.find(({ seq }) => seq < start.seq);
    if (older !== undefined) return `the anchor ${older.seq} is older than the oldest record`;
    return compareToAnchors(start, this.#options);
  }

  #findMissing(): ChainBreak | undefined {
    const { anchors, keys } = this.#options;
    if (this.#torn && anchors.length > 0)
      return { ...this.#torn, problem: 'the last line is torn' };
    const end = this.#head?.seq ?? 0;
    const missing = anchors.find(({ seq }) => seq > end);
    if (missing !== undefined) {
      const problem = `the log ends at record ${end}, before the anchor ${missing.seq}`;
      return { ...this.#last, seq: missing.seq, problem };
    }
    if (keys.size === 0 || this.#head === undefined) return undefined;
    const unsigned = end - (this.#signed?.seq ?? 0);
    if (this.#signed !== undefined && unsigned <= CHECKPOINT_RECORDS) return undefined;
    const problem =
      this.#signed === undefined
        ? 'no checkpoint is signed'
        : `the last ${unsigned} records are not signed by a checkpoint`;
    return { ...this.#last, seq: end, problem };
  }
}
