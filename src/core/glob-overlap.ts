/**
 * Whether some text matches both globs, in which `*` stands for any run of characters.
 * @see compileGlobs in `matcher.ts` for what a glob means
 */
export function globsOverlap(a: string, b: string): boolean {
  // reachable[j]: the part of `a` read so far and the first j characters of `b` can meet.
  let reachable = [true, ...[...b].map((_, index) => isStars(b.slice(0, index + 1)))];
  for (const left of a) {
    const next = [left === '*' && reachable[0] === true];
    for (const [index, right] of [...b].entries()) {
      next.push(canMeet(left, right, reachable, next, index));
    }
    reachable = next;
  }
  return reachable.at(-1) === true;
}

function canMeet(
  left: string,
  right: string,
  above: readonly boolean[],
  current: readonly boolean[],
  index: number,
): boolean {
  if (left === '*' || right === '*') return above[index + 1] === true || current[index] === true;
  return left === right && above[index] === true;
}

function isStars(text: string): boolean {
  return /^\*+$/.test(text);
}
