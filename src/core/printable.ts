/** Printable ASCII, which most texts are: a byte a character, and nothing to escape. */
const PLAIN = /^[ -~]*$/;

/** Controls, format and private-use characters, lone surrogates, separators that break a line. */
const UNPRINTABLE = /[\p{C}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/gu;

/**
 * Shows text that came from outside: what could end a line, hide or reorder characters becomes
 * `\u{…}`, and what is longer than `maxBytes` of UTF-8 is cut with `…`.
 */
export function renderPrintable(text: string, maxBytes: number): string {
  if (text.length <= maxBytes && PLAIN.test(text)) return text;
  const shown = text
    .slice(0, maxBytes)
    .replace(UNPRINTABLE, (character) => `\\u{${character.codePointAt(0)?.toString(16)}}`);
  const cut = cutToBytes(shown, maxBytes);
  return cut.length < shown.length || text.length > maxBytes
    ? `${cutToBytes(shown, maxBytes - 3)}…`
    : shown;
}

/** Makes one line of several, for a log whose lines are one each. */
export function joinLines(text: string): string {
  const lines = text.split('\n').map((line) => line.trim());
  return lines.filter((line) => line !== '').join(' ');
}

/** Printable text in double quotes, short enough for an error message. */
export function renderQuoted(text: string): string {
  return `"${renderPrintable(text, 40)}"`;
}

/** The longest names that a message shows whole: those of metrics and labels have at most as many. */
const MAX_NAME_BYTES = 256;

/** A name in double quotes, whole, where it is what the message is about. */
export function renderName(name: string): string {
  return `"${renderPrintable(name, MAX_NAME_BYTES)}"`;
}

/** JSON on several lines, in which what could hide or reorder characters is escaped. */
export function renderJson(value: unknown): string {
  return JSON.stringify(value, undefined, 2).replace(UNPRINTABLE, (character) =>
    character === '\n' ? character : escapeUnits(character),
  );
}

function escapeUnits(character: string): string {
  return character
    .split('')
    .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
    .join('');
}

function cutToBytes(text: string, maxBytes: number): string {
  let bytes = 0;
  let end = 0;
  for (const character of text) {
    bytes += Buffer.byteLength(character);
    if (bytes > maxBytes) break;
    end += character.length;
  }
  return text.slice(0, end);
}
