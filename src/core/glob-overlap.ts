import { compileGlobs } from './matcher.ts';

/**
 * Whether some text matches both globs, in which `*` stands for any run of characters. Two that
 * both have a `*` need only agree at their ends: everything between fits one after the other.
 * @see compileGlobs in `matcher.ts` for what a glob means
 */
export function globsOverlap(a: string, b: string): boolean {
  if (!a.includes('*')) return covers(b, a);
  if (!b.includes('*')) return covers(a, b);
  const [headA, headB] = [a.slice(0, a.indexOf('*')), b.slice(0, b.indexOf('*'))];
  const [tailA, tailB] = [a.slice(a.lastIndexOf('*') + 1), b.slice(b.lastIndexOf('*') + 1)];
  const headsAgree = headA.startsWith(headB) || headB.startsWith(headA);
  return headsAgree && (tailA.endsWith(tailB) || tailB.endsWith(tailA));
}

function covers(glob: string, text: string): boolean {
  return glob.includes('*') ? compileGlobs([glob]).matches(text) : glob === text;
}
