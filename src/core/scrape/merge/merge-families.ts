import type { FamilyPiece, FamilyWriter, PieceSeries } from './family-piece.ts';

/** The scrape of one Pushgateway, sorted by the names of its families. */
export interface FamilySource {
  /** The next piece; undefined once there is none. Never rejects. */
  next(): Promise<FamilyPiece | undefined>;
}

interface MergeOptions {
  readonly writer: FamilyWriter;
  /** Told of a family that one of them has with another type than one before it: it is left out. */
  readonly onOtherType: (source: FamilySource, family: string) => void;
}

/** A source and the piece that it is at. */
interface Cursor {
  readonly source: FamilySource;
  piece: FamilyPiece | undefined;
}

/**
 * Joins sorted scrapes into one in which each family is once: what it yields goes out, each byte a
 * character. A series that several have is that of the first. Holds no more than the labels of one
 * family, and what the writer holds.
 */
export async function* mergeFamilies(
  sources: readonly FamilySource[],
  { writer, onOtherType }: MergeOptions,
): AsyncGenerator<string> {
  const cursors: Cursor[] = await Promise.all(
    sources.map(async (source) => ({ source, piece: await source.next() })),
  );
  for (let first = findFirst(cursors); first !== undefined; first = findFirst(cursors)) {
    const { name, type, head } = first;
    yield writer.begin(head);
    const holders = cursors.filter(({ piece }) => piece?.name === name);
    const seen = holders.length > 1 ? new Set<string>() : undefined;
    for (const cursor of holders) {
      const isOther = cursor.piece?.type !== type;
      if (isOther) onOtherType(cursor.source, name);
      for await (const series of familyOf(cursor, name, seen)) {
        yield isOther ? '' : writer.add(series);
      }
    }
    yield writer.end();
  }
}

/** The pieces of a family of one source, without series that sources before it have. */
async function* familyOf(
  cursor: Cursor,
  name: string,
  seen: Set<string> | undefined,
): AsyncGenerator<readonly PieceSeries[]> {
  const own = new Set<string>();
  while (cursor.piece?.name === name) {
    const { series } = cursor.piece;
    if (seen === undefined) {
      yield series;
    } else {
      for (const { key } of series) own.add(key);
      yield series.filter(({ key }) => !seen.has(key));
    }
    cursor.piece = await cursor.source.next();
  }
  for (const key of own) seen?.add(key);
}

/** The piece whose name sorts first, by its bytes; of several the one of the first source. */
function findFirst(cursors: readonly Cursor[]): FamilyPiece | undefined {
  let first: FamilyPiece | undefined;
  for (const { piece } of cursors) {
    if (piece !== undefined && (first === undefined || piece.name < first.name)) first = piece;
  }
  return first;
}
