import type { FamilyPiece, FamilySplitter } from '../core/scrape/merge/family-piece.ts';
import type { FamilySource } from '../core/scrape/merge/merge-families.ts';
import type { OpenPart } from './merged-part.ts';

/** Takes the scrape of one part apart as it is asked for; a part that is not understood ends. */
export function createFamilySource(part: OpenPart, splitter: FamilySplitter): FamilySource {
  let pieces: readonly FamilyPiece[] = [];
  let at = 0;
  let isOver = false;
  return {
    async next() {
      while (at === pieces.length && !isOver) {
        const chunk = await part.read();
        isOver = chunk === undefined;
        const split = chunk === undefined ? splitter.end() : splitter.add(chunk);
        [pieces, at] = [split.effect === 'allow' ? split.value : [], 0];
        if (split.effect === 'allow') continue;
        isOver = true;
        part.fail(split);
      }
      at += 1;
      return pieces[at - 1];
    },
  };
}
