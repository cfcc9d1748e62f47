import type { GroupingKey } from '../target/grouping-key.ts';

/** The labels of a series in their order: what is the same for all series of the layout. */
export interface SeriesLayout {
  /** The labels of the grouping key that stand before all of the body, each text with a separator. */
  readonly head: Uint8Array;
  /** The labels of the body. */
  readonly pieces: readonly LayoutPiece[];
}

interface LayoutPiece {
  /** Where the body has the value. */
  readonly position: number;
  /** The name and its separator. */
  readonly label: Uint8Array;
  /** The separator of the value, and the labels of the grouping key that follow. */
  readonly behind: Uint8Array;
  /** Pushgateway adds it where it is missing: empty or not, it is there. */
  readonly isInstance: boolean;
}

/** Stands behind each text. */
export const SEPARATOR = 0xff;
const INSTANCE = 'instance';

/** A label whose value is in the body, or in the grouping key. */
interface Place {
  readonly label: string;
  readonly position: number;
  readonly value: string | undefined;
}

/**
 * Works out the layout of series.
 * @param names - label names of the body
 * @param positions - of those that stay, the grouping key overwrites none of them
 * @param key - undefined for a scrape, whose series are whole
 * @see pushgateway `storage/diskmetricstore.go`, `sanitizeLabels`
 */
export function layOutSeries(
  names: readonly string[],
  positions: readonly number[],
  key: GroupingKey | undefined,
): SeriesLayout {
  const own = positions.map((position) => place(names[position] ?? '', position, undefined));
  const constant = key === undefined ? [] : completeKey(key, own);
  const places = [...own, ...constant].sort((a, b) => (a.label < b.label ? -1 : 1));
  /** What stands before the first label of the body, and behind each. */
  const runs: string[][] = [[]];
  for (const { label, value } of places) {
    if (value === undefined) runs.push(['']);
    else runs.at(-1)?.push(label, value);
  }
  const sorted = places.filter(({ value }) => value === undefined);
  return {
    head: encode(runs[0] ?? []),
    pieces: sorted.map(({ label, position }, index) => {
      const behind = encode(runs[index + 1] ?? []);
      return { position, label: encode([label]), behind, isInstance: label === INSTANCE };
    }),
  };
}

function place(label: string, position: number, value: string | undefined): Place {
  return { label, position, value };
}

const NO_POSITION = -1;

/** The labels of a key as Pushgateway puts them on a series. */
function completeKey({ job, labels }: GroupingKey, own: readonly Place[]): readonly Place[] {
  const places = [{ name: 'job', value: job }, ...labels].map(({ name, value }) =>
    place(name, NO_POSITION, value),
  );
  const hasInstance = [...places, ...own].some(({ label }) => label === INSTANCE);
  return hasInstance ? places : [...places, place(INSTANCE, NO_POSITION, '')];
}

/** Each text with a separator behind it. */
function encode(texts: readonly string[]): Uint8Array {
  let length = texts.length;
  for (const text of texts) length += text.length;
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const text of texts) {
    for (let index = 0; index < text.length; index += 1) {
      const code = text.charCodeAt(index);
      if (code >= 0x80) return encodeUnicode(texts);
      bytes[at] = code;
      at += 1;
    }
    bytes[at] = SEPARATOR;
    at += 1;
  }
  return bytes;
}

function encodeUnicode(texts: readonly string[]): Uint8Array {
  return Uint8Array.from(texts.flatMap((text) => [...Buffer.from(text), SEPARATOR]));
}
