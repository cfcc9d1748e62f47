/** Characters of an input that is worth remembering. */
const MAX_LENGTH = 512;
/** As many texts as there is room for, so often, are passed by before others get their places. */
const PASSED_BY = 8;

/**
 * Remembers what a pure function makes of a text: clients send the same ones again and again. What
 * is remembered is bounded by `most` texts of at most 512 characters; then all of it is forgotten:
 * soon if it was asked for often, else after a while, for to remember what does not come again costs
 * more than it saves.
 * @param keeps - whether a result is worth its place; left out: all are
 */
export function remember<T>(
  compute: (text: string) => T,
  most: number,
  keeps: (result: T) => boolean = () => true,
): (text: string) => T {
  const results = new Map<string, T>();
  let found = 0;
  let passedBy = 0;
  return (text) => {
    const known = results.get(text);
    if (known !== undefined) {
      found += 1;
      return known;
    }
    const result = compute(text);
    if (text.length > MAX_LENGTH || !text.isWellFormed() || !keeps(result)) return result;
    if (results.size >= most) {
      passedBy += 1;
      if (found < most && passedBy <= PASSED_BY * most) return result;
      results.clear();
      found = 0;
      passedBy = 0;
    }
    results.set(detach(text), result);
    return result;
  };
}

/** A copy: what was cut from a text, such as a name from a body, keeps all of it alive. */
export function detach(text: string): string {
  return Buffer.from(text).toString();
}
