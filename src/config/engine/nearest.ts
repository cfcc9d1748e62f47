import { distance } from 'fastest-levenshtein';

/** Edits that a typo is away from what was meant. */
const MAX_TYPO = 3;

/** The word that somebody meant who wrote `text`, if one is near enough. */
export function findNearest(text: string, words: readonly string[]): string | undefined {
  const mostEdits = Math.min(MAX_TYPO, Math.ceil(text.length / 3));
  return words
    .filter((word) => Math.abs(word.length - text.length) <= mostEdits)
    .map((word) => ({ word, edits: distance(text, word) }))
    .filter(({ edits }) => edits <= mostEdits)
    .sort((a, b) => a.edits - b.edits)[0]?.word;
}
