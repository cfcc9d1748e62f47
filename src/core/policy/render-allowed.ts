import { renderPrintable } from '../printable.ts';

/** So many patterns a hint names, and so many bytes of each. */
const MOST = 8;
const MAX_BYTES = 64;

/** Says what a caller may use in place of what was refused: `jobs of this credential: a, b_*`. */
export function renderAllowed(what: string, patterns: readonly string[]): string {
  const shown = patterns.slice(0, MOST).map((pattern) => renderPrintable(pattern, MAX_BYTES));
  const rest = patterns.length - shown.length;
  return `${what}: ${shown.join(', ') || 'none'}${rest > 0 ? `, and ${rest} more` : ''}`;
}
