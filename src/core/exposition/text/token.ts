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

/** Characters that look like others, or like nothing. */
const NAMED_CHARACTERS: ReadonlyMap<number, string> = new Map([
  [0x09, 'a tab'],
  [0x0b, 'a vertical tab'],
  [0x0c, 'a form feed'],
  [0x0d, 'a carriage return'],
  [0x1b, 'an escape character'],
  [0x20, 'a blank'],
  [0x85, 'a next-line character (U+0085)'],
  [0xa0, 'a no-break space (U+00A0)'],
  [0xad, 'a soft hyphen (U+00AD)'],
  [0x200b, 'a zero-width space (U+200B)'],
  [0x2010, 'a typographic hyphen (U+2010)'],
  [0x2011, 'a no-break hyphen (U+2011)'],
  [0x2013, 'a dash (U+2013)'],
  [0x2014, 'a dash (U+2014)'],
  [0x2018, 'a typographic quote (U+2018)'],
  [0x2019, 'a typographic quote (U+2019)'],
  [0x201c, 'a typographic quote (U+201C)'],
  [0x201d, 'a typographic quote (U+201D)'],
  [0x2028, 'a line separator (U+2028)'],
  [0x202f, 'a narrow no-break space (U+202F)'],
  [0x2212, 'a minus sign (U+2212)'],
  [0x3000, 'an ideographic space (U+3000)'],
  [0xfeff, 'a byte order mark (U+FEFF)'],
]);

/** The character at `at` for an error message. */
export function quoteAt(text: string, at: number): string {
  const code = text.codePointAt(at);
  if (code === undefined || code === LINE_FEED) return 'the end of the line';
  return NAMED_CHARACTERS.get(code) ?? renderQuoted(String.fromCodePoint(code));
}
