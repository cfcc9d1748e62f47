import { endOfString } from './quoted-string.ts';

/** Takes the objects of a JSON array apart as its text comes in. */
export interface ArrayElements {
  /** The objects that became whole with `text`; nothing once the array has ended. */
  take(text: string): readonly string[];
  /** Whether the bracket that ends the array came. */
  hasEnded(): boolean;
  /** What is not taken yet: a part of an object, or what comes after the array. */
  rest(): string;
}

const DELIMITER = /["{}[\]]/g;

/** Begins behind the bracket that opens the array. Holds no more than the object that is not whole. */
export function createArrayElements(): ArrayElements {
  let pending = '';
  /** How far `pending` has been looked through. */
  let at = 0;
  let depth = 0;

  /** The next delimiter outside of a string; `at` is behind it then. */
  const nextDelimiter = (): string | undefined => {
    while (true) {
      DELIMITER.lastIndex = at;
      const found = DELIMITER.exec(pending);
      if (found === null) {
        at = pending.length;
        return undefined;
      }
      const end = found[0] === '"' ? endOfString(pending, found.index) : found.index;
      if (end === -1) {
        at = found.index;
        return undefined;
      }
      at = end + 1;
      if (found[0] !== '"') return found[0];
    }
  };

  return {
    take(text) {
      pending += text;
      const whole: string[] = [];
      while (depth >= 0) {
        const delimiter = nextDelimiter();
        if (delimiter === undefined) break;
        depth += delimiter === '{' || delimiter === '[' ? 1 : -1;
        if (depth > 0) continue;
        if (depth === 0) whole.push(pending.slice(pending.indexOf('{'), at));
        pending = pending.slice(at);
        at = 0;
      }
      return whole;
    },
    hasEnded: () => depth < 0,
    rest: () => pending,
  };
}
