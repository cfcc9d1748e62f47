import { renderQuoted } from '../../printable.ts';

/** The characters that structure a line of the text format. */
export const LINE_FEED = 0x0a;
export const QUOTE = 0x22;
export const HASH = 0x23;
export const COMMA = 0x2c;
export const EQUALS = 0x3d;
export const BACKSLASH = 0x5c;
export const BRACE_OPEN = 0x7b;
export const BRACE_CLOSE = 0x7d;

const TAB = 0x09;
const SPACE = 0x20;
const LETTER_N = 0x6e;

/** Where the blanks that begin at `at` end. */
export function skipBlanks(text: string, at: number): number {
  let end = at;
  while (isBlank(text.charCodeAt(end))) end += 1;
  return end;
}

/** Where the next blank or line feed is, from `at` on, or the end of the text. */
export function scanToken(text: string, at: number): number {
  let end = at;
  let code = text.charCodeAt(end);
  while (end < text.length && code !== LINE_FEED && !isBlank(code)) {
    end += 1;
    code = text.charCodeAt(end);
  }
  return end;
}

/** Whether an escape may have this character after its backslash. */
export function isEscapable(code: number, quoted: boolean): boolean {
  return code === BACKSLASH || code === LETTER_N || (quoted && code === QUOTE);
}

export function isBlank(code: number): boolean {
  return code === SPACE || code === TAB;
}

/** The character at `at` for an error message. */
export function quoteAt(text: string, at: number): string {
  const code = text.codePointAt(at);
  return code === undefined || code === LINE_FEED
    ? 'the end of the line'
    : renderQuoted(String.fromCodePoint(code));
}
