/** A key as it is stored, which may be of bytes that no text has. */
export type RawKey = ReadonlyMap<string, Buffer>;

const PLAIN_NAME = /^(?!__|U__)[a-zA-Z_][a-zA-Z0-9_]*$/;
const PLAIN_CHARACTER = /^[a-zA-Z0-9]$/;

/**
 * The path that names a group whatever bytes its key has: all values in base64, and names that are
 * none of the classic form escaped, as Pushgateway reads them once it takes such names at all.
 * @see prometheus/common `model/metric.go`, `EscapeName` with `ValueEncodingEscaping`
 */
export function renderRawTarget(key: RawKey): string {
  const job = key.get('job') ?? Buffer.alloc(0);
  const others = [...key].filter(([name]) => name !== 'job').sort(([a], [b]) => (a < b ? -1 : 1));
  return [['job', job] as const, ...others].reduce((path, [name, value]) => {
    return `${path}/${renderName(name)}@base64/${value.toString('base64url') || '='}`;
  }, '/metrics');
}

function renderName(name: string): string {
  if (PLAIN_NAME.test(name)) return name;
  const escaped = [...name].map((character) => {
    if (character === '_') return '__';
    if (PLAIN_CHARACTER.test(character)) return character;
    return `_${(character.codePointAt(0) ?? 0).toString(16)}_`;
  });
  return `U__${escaped.join('')}`;
}
