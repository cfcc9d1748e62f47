/** A way to get the text format wrong, told from what stands where the parser stopped. */
export interface Mistake {
  /** Looks at the rest of the line, at the whole line, or at what begins with it. */
  readonly pattern: RegExp;
  readonly problem: string | ((match: RegExpExecArray) => string);
  /** What to do, a line each. */
  readonly hints: readonly string[] | ((match: RegExpExecArray) => readonly string[]);
}

/** What is wrong, and what to do about it. */
export interface Explanation {
  readonly problem: string;
  readonly hints: readonly string[];
}

/** More of a line than this is not looked at. */
export const MAX_EXCERPT = 512;

/** The first mistake of the table that was made. */
export function findMistake(table: readonly Mistake[], text: string): Explanation | undefined {
  for (const { pattern, problem, hints } of table) {
    const match = pattern.exec(text);
    if (match === null) continue;
    return {
      problem: typeof problem === 'string' ? problem : problem(match),
      hints: typeof hints === 'function' ? hints(match) : hints,
    };
  }
  return undefined;
}
