import { remember } from '../memo.ts';
import type { ReadScope } from '../policy/read-scope.ts';

/**
 * The labels of one series, as bytes of what it stands in. One is used again for all series of a
 * scrape: what the same labels decide is decided once.
 */
export interface DecidingLabels {
  /** Begins a series. */
  clear(): void;
  /**
   * Notes a label; false for one that was there before.
   * @param start - of the name, which has no byte beyond ASCII
   * @param end - of the value, which begins two bytes behind the name and has no line feed
   */
  note(bytes: Uint8Array, start: number, nameEnd: number, end: number): boolean;
  /** Whether a team may see the series. */
  areSeen(bytes: Buffer): boolean;
}

/** Values of the labels that decide, of which it is remembered what they do. */
const REMEMBERED = 1000;

/** A label that decides, with the byte in front of its value; empty where it is absent. */
interface DecidingLabel {
  readonly name: Buffer;
  start: number;
  end: number;
  /** The same of the series before. */
  last: Buffer;
}

/** Creates the labels for what a team may see. */
export function createDecidingLabels({ deciding, sees }: ReadScope): DecidingLabels {
  const labels: readonly DecidingLabel[] = deciding.map((name) => {
    return { name: Buffer.from(name), start: 0, end: 0, last: Buffer.alloc(0) };
  });
  const names = createNames();

  /** @param values - a line each */
  const decide = remember((values: string) => {
    const lines = values.split('\n');
    const present = labels.flatMap(({ name }, at) => {
      const value = Buffer.from(lines[at] ?? '', 'latin1');
      return value.length === 0 ? [] : [[name.toString(), value.toString('utf8', 1)] as const];
    });
    return sees(new Map(present));
  }, REMEMBERED);
  let wereSeen = sees(new Map());

  return {
    clear() {
      names.clear();
      for (const label of labels) label.start = label.end;
    },
    note(bytes, start, nameEnd, end) {
      for (const label of labels) {
        if (!isAt(bytes, start, nameEnd, label.name)) continue;
        label.start = nameEnd + 1;
        label.end = end;
      }
      return names.add(bytes, start, nameEnd);
    },
    areSeen(bytes) {
      let areLast = true;
      for (const { start, end, last } of labels) areLast &&= isAt(bytes, start, end, last);
      if (areLast) return wereSeen;
      let values = '';
      for (const label of labels) {
        const { start, end } = label;
        values += `${bytes.toString('latin1', start, end)}\n`;
        label.last = Buffer.from(bytes.subarray(start, end));
      }
      wereSeen = decide(values);
      return wereSeen;
    },
  };
}

/** Whether these bytes stand from `start` to `end`. */
function isAt(bytes: Uint8Array, start: number, end: number, text: Uint8Array): boolean {
  if (text.length !== end - start) return false;
  for (let at = 0; at < text.length; at += 1) if (bytes[start + at] !== text[at]) return false;
  return true;
}

/** The names of one series. They mostly come sorted: one behind the last is none of those before. */
function createNames() {
  const starts: number[] = [];
  const ends: number[] = [];
  let count = 0;
  /** The one that sorts last. */
  let last = 0;

  /** Below zero where this name sorts before one that is there. */
  const compare = (bytes: Uint8Array, start: number, end: number, other: number): number => {
    const otherStart = starts[other] ?? 0;
    const otherLength = (ends[other] ?? 0) - otherStart;
    const length = Math.min(end - start, otherLength);
    for (let at = 0; at < length; at += 1) {
      const difference = (bytes[start + at] ?? 0) - (bytes[otherStart + at] ?? 0);
      if (difference !== 0) return difference;
    }
    return end - start - otherLength;
  };
  const has = (bytes: Uint8Array, start: number, end: number): boolean => {
    for (let at = 0; at < count; at += 1) if (compare(bytes, start, end, at) === 0) return true;
    return false;
  };
  return {
    clear(): void {
      count = 0;
    },
    /** False for a name that is there already. */
    add(bytes: Uint8Array, start: number, end: number): boolean {
      if (count === 0 || compare(bytes, start, end, last) > 0) last = count;
      else if (has(bytes, start, end)) return false;
      starts[count] = start;
      ends[count] = end;
      count += 1;
      return true;
    },
  };
}
