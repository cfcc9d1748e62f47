import {
  type FamilyContent,
  type FamilyType,
  type PushContent,
  SAMPLE_SUFFIXES,
} from '../core/exposition/push-content.ts';
import type { Steps } from '../core/steps.ts';

/**
 * What a push holds on its way from a thread, its families in columns: copied as objects, ten
 * thousand of them would take some ten milliseconds, in which nothing else is done.
 */
export interface PackedContent extends Omit<PushContent, 'families'> {
  /** Names of the families, a line each. */
  readonly names: string;
  /** Twice the place of the type in `TYPES`, and one more where the body says it. */
  readonly types: Uint8Array;
  readonly lines: Float64Array;
  readonly bytes: Float64Array;
  /** How many of `identities` each has. */
  readonly lengths: Float64Array;
  readonly identities: Int32Array;
}

const TYPES = Object.keys(SAMPLE_SUFFIXES) as readonly FamilyType[]; // the keys of that table

export function packContent({ families, ...rest }: PushContent): PackedContent {
  const lengths = Float64Array.from(families, ({ identities }) => identities.length);
  const identities = new Int32Array(lengths.reduce((sum, length) => sum + length, 0));
  let at = 0;
  for (const family of families) {
    identities.set(family.identities, at);
    at += family.identities.length;
  }
  return {
    ...rest,
    names: families.map(({ name }) => name).join('\n'),
    types: Uint8Array.from(
      families,
      ({ type, isTyped }) => 2 * TYPES.indexOf(type) + Number(isTyped),
    ),
    lines: Float64Array.from(families, ({ series }) => series),
    bytes: Float64Array.from(families, ({ bytes }) => bytes),
    lengths,
    identities,
  };
}

/** Makes it what it was, a step for each family. */
export function* unpackContent(packed: PackedContent): Steps<PushContent> {
  const { names, types, lines, bytes, lengths, identities, ...rest } = packed;
  const families: FamilyContent[] = [];
  let from = 0;
  for (const [at, name] of types.length === 0 ? [] : names.split('\n').entries()) {
    const type = types[at] ?? 0;
    const to = from + (lengths[at] ?? 0);
    families.push({
      name,
      type: TYPES[type >> 1] ?? 'untyped',
      isTyped: (type & 1) === 1,
      series: lines[at] ?? 0,
      bytes: bytes[at] ?? 0,
      identities: Array.from(identities.subarray(from, to)),
    });
    from = to;
    yield;
  }
  return { ...rest, families };
}
