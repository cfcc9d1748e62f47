/** A list of globs, compiled once. */
export interface Matcher {
  /** As they were given. */
  readonly patterns: readonly string[];
  /** Whether one of the patterns covers the whole text. */
  matches(text: string): boolean;
  /** Index of the first pattern that covers the whole text, or -1. */
  first(text: string): number;
}

/**
 * Compiles globs in which `*` stands for any run of characters, the empty one included; every other
 * character stands for itself. Matching is exact in case and Unicode form, and takes time linear in
 * pattern and text: the patterns become no regular expressions.
 */
export function compileGlobs(patterns: readonly string[]): Matcher {
  const tests = patterns.map(compileGlob);
  const first = (text: string): number => tests.findIndex((test) => test(text));
  return { patterns, first, matches: (text) => first(text) !== -1 };
}

function compileGlob(pattern: string): (text: string) => boolean {
  const [head = '', ...rest] = pattern.split('*');
  const tail = rest.pop();
  if (tail === undefined) return (text) => text === pattern;
  const middle = rest.filter((part) => part !== '');
  return (text) => {
    if (text.length < head.length + tail.length) return false;
    if (!text.startsWith(head) || !text.endsWith(tail)) return false;
    return containsInOrder(text, middle, head.length, text.length - tail.length);
  };
}

/** Leftmost placement of each part is enough: it leaves the most room for those after it. */
function containsInOrder(
  text: string,
  parts: readonly string[],
  start: number,
  end: number,
): boolean {
  let from = start;
  for (const part of parts) {
    const at = text.indexOf(part, from);
    if (at === -1 || at + part.length > end) return false;
    from = at + part.length;
  }
  return true;
}
