import { renderPrintable } from '../printable.ts';

/** A path, as a request of an honest client has it. */
const ORIGIN_FORM = /^\/(?![\\/]|%2f|%5c)/i;

/** What stands before the user info of a URL, or before the path. */
const PREFIX = /^(?:[a-z][a-z0-9+.-]*:[\\/]{2}|[\\/]*)/i;

/** The marker of a base64 value behind a label name: an `@` that ends no user info. */
const BASE64_MARKER = /(?<=\/[A-Za-z_]\w{0,200})@(?=base64(?:\/|$))/g;

const AT = /@|%(?:25)*40/gi;
const COLON = /:|%(?:25)*3a/i;
const END_OF_PATH = /[?#]/;
/** Where a query may begin that was escaped, once or more, or that hangs on the path without `?`. */
const POSSIBLE_END =
  /[?#]|%(?:25)*(?:3f|23)|(?:[;&]|%(?:25)*(?:3b|26))[\w.-]{1,64}(?:=|%(?:25)*3d)/i;

const WORD = /[^\s"]+/g;
/** What `AT_IN_WORD` cannot be without. */
const MAY_HAVE_AT = /[@%]/;
/** An `@` in a word that ends no label name. */
const AT_IN_WORD = /@(?!base64(?:\/|$))|%(?:25)*40/gi;

/**
 * Shows a raw request target without what may be a secret: query and fragment are cut, and what may
 * be user and password of a URL becomes `…`, wherever the URL begins and whatever is in the
 * password. Control characters are escaped; at most `maxBytes`.
 * @param isUnderstood - whether it was parsed as the target of a push: else what may be a query that
 * was escaped is cut too
 */
export function renderRawTarget(rawTarget: string, maxBytes: number, isUnderstood = false): string {
  const end = isUnderstood ? END_OF_PATH : POSSIBLE_END;
  return renderPrintable(cutPath(hideUserInfo(rawTarget), end), maxBytes);
}

/**
 * Shows a sentence that may quote a target, or a name that a client gives itself, without user and
 * password; at most `maxBytes`.
 */
export function renderSentence(text: string, maxBytes: number): string {
  const start = text.slice(0, 4 * maxBytes);
  const shown = MAY_HAVE_AT.test(start) ? start.replace(WORD, hideInWord) : start;
  return renderPrintable(shown, maxBytes);
}

function hideInWord(word: string): string {
  const at = [...word.matchAll(AT_IN_WORD)].at(-1);
  if (at === undefined || !COLON.test(word.slice(0, at.index))) return word;
  return `…@${word.slice(at.index + at[0].length)}`;
}

function hideUserInfo(target: string): string {
  const isPath = ORIGIN_FORM.test(target);
  const marked = isPath ? target.replace(BASE64_MARKER, ' ') : target;
  const at = [...marked.matchAll(AT)].at(-1);
  if (at === undefined) return target;
  if (isPath && !COLON.test(marked.slice(0, at.index))) return target;
  const [prefix = ''] = PREFIX.exec(target) ?? [];
  // a password with `?` or `#` in it, or a query with `@`: nobody can tell
  if (END_OF_PATH.test(target.slice(0, at.index))) return `${prefix}…`;
  return `${prefix}…@${target.slice(at.index + at[0].length)}`;
}

function cutPath(target: string, endOfPath: RegExp): string {
  const end = target.search(endOfPath);
  return end === -1 ? target : target.slice(0, end);
}
