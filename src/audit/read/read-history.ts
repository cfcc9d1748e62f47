import { basename } from 'node:path';
import { isUnknownLogName } from '../../core/audit/audit-file-names.ts';
import { type LineHead, readLineHead } from '../../core/audit/history/past-record.ts';
import { readSegmentLines } from './segment-lines.ts';

/** A line and what its beginning says. */
export interface HistoryLine extends LineHead {
  readonly text: string;
}

/**
 * Reads the lines of audit logs, given in any order, compressed or not: each log in the order of its
 * segments, and both logs of a gateway together by their times. Bounded memory, whatever the size.
 * What is no line of a log is passed over.
 * @param ends bytes that are read of files that grow meanwhile
 */
export async function* readHistory(
  files: readonly string[],
  ends: ReadonlyMap<string, number> = new Map(),
): AsyncGenerator<readonly HistoryLine[]> {
  const isUnknown = (file: string): boolean => isUnknownLogName(basename(file));
  const known = await sortSegments(files.filter((file) => !isUnknown(file)));
  const unknown = await sortSegments(files.filter(isUnknown));
  if (unknown.length === 0) yield* readSegments(known, ends);
  else if (known.length === 0) yield* readSegments(unknown, ends);
  else yield* mergeByTime(readSegments(known, ends), readSegments(unknown, ends));
}

async function* readSegments(
  files: readonly string[],
  ends: ReadonlyMap<string, number>,
): AsyncGenerator<readonly HistoryLine[]> {
  for (const file of files) {
    for await (const lines of readSegmentLines(file, ends.get(file))) yield lines.flatMap(readLine);
  }
}

function readLine(text: string): readonly HistoryLine[] {
  const head = readLineHead(text);
  return head === undefined ? [] : [{ ...head, text }];
}

/** By the first record of each; a file without one comes last. */
async function sortSegments(files: readonly string[]): Promise<readonly string[]> {
  const found = await Promise.all(
    files.map(async (file) => ({ file, seq: await findFirstSeq(file) })),
  );
  return found.sort((one, other) => one.seq - other.seq).map(({ file }) => file);
}

async function findFirstSeq(file: string): Promise<number> {
  for await (const lines of readSegmentLines(file)) {
    for (const line of lines) {
      const seq = /^\{"seq":(\d+),/.exec(line)?.[1];
      if (seq !== undefined) return Number(seq);
    }
  }
  return Number.MAX_SAFE_INTEGER;
}

/** A clock that was set back does not change the order of one log. */
async function* mergeByTime(
  one: AsyncGenerator<readonly HistoryLine[]>,
  other: AsyncGenerator<readonly HistoryLine[]>,
): AsyncGenerator<readonly HistoryLine[]> {
  const sources = [await Peekable.open(one), await Peekable.open(other)] as const;
  const [first, second] = sources;
  while (first.head !== undefined && second.head !== undefined) {
    const [earlier, later] = second.head.time < first.head.time ? [second, first] : [first, second];
    yield await earlier.takeUntil(later.head?.time ?? '');
  }
  for (const source of sources) yield* source.rest();
}

/** A generator of blocks of lines that shows its next line. */
class Peekable {
  readonly #source: AsyncGenerator<readonly HistoryLine[]>;
  #block: readonly HistoryLine[] = [];
  #at = 0;

  private constructor(source: AsyncGenerator<readonly HistoryLine[]>) {
    this.#source = source;
  }

  static async open(source: AsyncGenerator<readonly HistoryLine[]>): Promise<Peekable> {
    const peekable = new Peekable(source);
    await peekable.#fill();
    return peekable;
  }

  get head(): HistoryLine | undefined {
    return this.#block[this.#at];
  }

  /** Takes the lines of this block that are not later, at least one. */
  async takeUntil(time: string): Promise<readonly HistoryLine[]> {
    const start = this.#at;
    this.#at += 1;
    while (this.head !== undefined && this.head.time <= time) this.#at += 1;
    const taken = this.#block.slice(start, this.#at);
    await this.#fill();
    return taken;
  }

  async *rest(): AsyncGenerator<readonly HistoryLine[]> {
    if (this.head === undefined) return;
    yield this.#block.slice(this.#at);
    yield* this.#source;
  }

  async #fill(): Promise<void> {
    while (this.#at >= this.#block.length) {
      const next = await this.#source.next();
      this.#at = 0;
      this.#block = next.done ? [] : next.value;
      if (next.done) return;
    }
  }
}
