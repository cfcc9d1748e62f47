import { findMistake, MAX_EXCERPT } from './mistakes/mistake.ts';
import { SUSPICIOUS_LINES } from './mistakes/suspicious-line-mistakes.ts';

/** A line that is valid and hardly means what it says. */
export interface SuspiciousLine {
  /** Counted from 1. */
  readonly line: number;
  readonly problem: string;
  readonly hints: readonly string[];
}

/**
 * Finds, at most `most`, lines of the text format that every Pushgateway takes, and that are
 * mostly a mistake all the same: for whoever looks at a file before it is pushed.
 */
export function listSuspiciousLines(text: string, most: number): readonly SuspiciousLine[] {
  const found: SuspiciousLine[] = [];
  for (const [index, line] of text.split('\n').entries()) {
    const mistake = findMistake(SUSPICIOUS_LINES, line.slice(0, MAX_EXCERPT));
    if (mistake !== undefined) found.push({ line: index + 1, ...mistake });
    if (found.length >= most) break;
  }
  return found;
}
