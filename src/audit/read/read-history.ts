import { type LineBlock, LineCursor, type LogLine } from '../../core/audit/history/log-line.ts';
import { groupLogs } from './group-logs.ts';
import { readSegmentBlocks } from './segment-blocks.ts';

/**
 * Reads the lines of audit logs, given in any order, compressed or not: each log in the order of its
 * segments, and both logs of all gateways together by their times. Bounded memory, whatever the size:
 * a block is valid until the next one is asked for.
 * @param ends bytes that are read of files that grow meanwhile
 */
export async function* readHistory(
  files: readonly string[],
  ends: ReadonlyMap<string, number> = new Map(),
): AsyncGenerator<LineBlock> {
  const logs = await groupLogs(files);
  const [first, ...others] = logs.map((log) => readSegments(log.files, ends));
  if (first !== undefined) yield* others.reduce(mergeByTime, first);
}

async function* readSegments(
  files: readonly string[],
  ends: ReadonlyMap<string, number>,
): AsyncGenerator<LineBlock> {
  for (const file of files) yield* readSegmentBlocks(file, ends.get(file));
}

/** A clock that was set back does not change the order of one log. */
async function* mergeByTime(
  one: AsyncGenerator<LineBlock>,
  other: AsyncGenerator<LineBlock>,
): AsyncGenerator<LineBlock> {
  const sources = [await Peekable.open(one), await Peekable.open(other)] as const;
  const [first, second] = sources;
  while (first.head !== undefined && second.head !== undefined) {
    const [earlier, later] = second.head.time < first.head.time ? [second, first] : [first, second];
    yield earlier.takeUntil(later.head?.time ?? '');
    await earlier.fill();
  }
  for (const source of sources) yield* source.rest();
}

/** A generator of blocks of lines that shows its next line. */
class Peekable {
  readonly #source: AsyncGenerator<LineBlock>;
  #block: LineBlock = { bytes: Buffer.alloc(0), from: 0, to: 0 };
  #line = new LineCursor(this.#block);
  #hasLine = false;

  private constructor(source: AsyncGenerator<LineBlock>) {
    this.#source = source;
  }

  static async open(source: AsyncGenerator<LineBlock>): Promise<Peekable> {
    const peekable = new Peekable(source);
    await peekable.fill();
    return peekable;
  }

  get head(): LogLine | undefined {
    return this.#hasLine ? this.#line : undefined;
  }

  /** Takes the lines of this block that are not later, at least one; then it is to be filled. */
  takeUntil(time: string): LineBlock {
    const from = this.#line.start;
    this.#hasLine = this.#line.next();
    while (this.#hasLine && this.#line.time <= time) this.#hasLine = this.#line.next();
    return { ...this.#block, from, to: this.#hasLine ? this.#line.start : this.#block.to };
  }

  async *rest(): AsyncGenerator<LineBlock> {
    if (!this.#hasLine) return;
    yield { ...this.#block, from: this.#line.start };
    yield* this.#source;
  }

  /** Goes on to the next block with a line where this one has none left. */
  async fill(): Promise<void> {
    while (!this.#hasLine) {
      const next = await this.#source.next();
      if (next.done) return;
      this.#block = next.value;
      this.#line = new LineCursor(this.#block);
      this.#hasLine = this.#line.next();
    }
  }
}
