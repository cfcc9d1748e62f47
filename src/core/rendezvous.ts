import { createHash } from 'node:crypto';

/** Bytes of a hash that a number holds exactly. */
const SCORE_BYTES = 6;

/**
 * Picks one of several by rendezvous hashing: the same for the same text, whatever their order; when
 * one is added, only what it gets moves, and when one is taken away, only what it had.
 * @param nameOf - what tells one from the others, the same for good
 */
export function pickByHash<One>(
  several: readonly One[],
  nameOf: (one: One) => string,
  text: string,
): One | undefined {
  let [best, most] = [several[0], -1];
  if (several.length < 2) return best;
  for (const one of several) {
    const digest = createHash('sha256')
      .update(`${nameOf(one)}\n${text}`)
      .digest();
    const score = digest.readUIntBE(0, SCORE_BYTES);
    if (score > most) [best, most] = [one, score];
  }
  return best;
}
