/** Characters that a path cannot have as they are, by the names that people call them. */
const NAMES: ReadonlyMap<string, string> = new Map([
  [' ', 'a space'],
  ['"', 'a double quote'],
  ['<', 'a less-than sign'],
  ['>', 'a greater-than sign'],
  ['[', 'an opening bracket'],
  [']', 'a closing bracket'],
  ['\\', 'a backslash'],
  ['^', 'a caret'],
  ['`', 'a backquote'],
  ['{', 'an opening brace'],
  ['|', 'a vertical bar'],
  ['}', 'a closing brace'],
  ['#', 'a number sign'],
  ['\t', 'a tab'],
  ['\n', 'a line feed'],
  ['\r', 'a carriage return'],
  ['\0', 'a NUL character'],
  ['\x7f', 'a delete character'],
]);

/** A character of a path, by name, and how it is written there. */
export function describePathCharacter(character: string): { name: string; written: string } {
  const written = [...Buffer.from(character)]
    .map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`)
    .join('');
  const known = NAMES.get(character);
  const isShown = /^[!-~]$/.test(character);
  const code = (character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0');
  const name = known ?? (/^\p{C}$/u.test(character) ? 'a control character' : 'a character');
  return { name: `${name} ${isShown ? `(${character})` : `(U+${code})`}`, written };
}
