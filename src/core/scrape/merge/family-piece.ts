import type { Decision } from '../../decision.ts';

/** Some series of a family, as a Pushgateway writes them; the pieces of a family come in a row. */
export interface FamilyPiece {
  /** By which Pushgateway sorts families; each byte a character. */
  readonly name: string;
  readonly type: string;
  /** What stands in front of the series; each byte a character. */
  readonly head: string;
  readonly series: readonly PieceSeries[];
}

export interface PieceSeries {
  /** The labels: the same for the same series, and for each line of a distribution. */
  readonly key: string;
  /** Each byte a character. */
  readonly content: string;
}

/**
 * Takes a scrape apart into pieces of families, as it comes in. Ends in `upstream_invalid` where it
 * is not of the form that Pushgateway writes.
 */
export interface FamilySplitter {
  /** What became whole with a chunk; a piece has a series at least. */
  add(chunk: Uint8Array): Decision<readonly FamilyPiece[]>;
  /** What is left at the end. */
  end(): Decision<readonly FamilyPiece[]>;
}

/** Writes families one after another; what each call returns goes out, each byte a character. */
export interface FamilyWriter {
  begin(head: string): string;
  add(series: readonly PieceSeries[]): string;
  end(): string;
}
