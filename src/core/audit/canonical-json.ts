/** Text that JSON writes as it is, between quotes. */
const PLAIN = /^[ !#-[\]-~]*$/;

/**
 * Serialises a JSON value so that equal values give equal text: no white space, members sorted by
 * UTF-16 code units, numbers and strings as ECMAScript writes them. A member that is `undefined`
 * is left out. Throws a TypeError for what JSON cannot say: a lone surrogate, a number that is not
 * finite, a function.
 * @see RFC 8785 section 3.2
 */
export function canonicalJson(value: unknown): string {
  switch (typeof value) {
    case 'string':
      return canonicalString(value);
    case 'number':
      if (!Number.isFinite(value)) throw new TypeError(`${value} is not a JSON number`);
      return JSON.stringify(value);
    case 'boolean':
      return value ? 'true' : 'false';
    case 'object':
      if (value === null) return 'null';
      return Array.isArray(value) ? canonicalArray(value) : canonicalObject(value);
    default:
      throw new TypeError(`a ${typeof value} is not a JSON value`);
  }
}

function canonicalString(text: string): string {
  if (PLAIN.test(text)) return `"${text}"`;
  if (!text.isWellFormed()) throw new TypeError('a string with a lone surrogate is not JSON text');
  return JSON.stringify(text);
}

function canonicalArray(values: readonly unknown[]): string {
  return `[${values.map(canonicalJson).join(',')}]`;
}

function canonicalObject(object: object): string {
  const members = object as Readonly<Record<string, unknown>>; // read by its own keys only
  let text = '';
  for (const name of Object.keys(members).sort()) {
    const value = members[name];
    if (value === undefined) continue;
    text += `${text === '' ? '' : ','}${canonicalString(name)}:${canonicalJson(value)}`;
  }
  return `{${text}}`;
}
