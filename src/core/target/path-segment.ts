import { allow, type Decision, type Deny, deny } from '../decision.ts';
import { renderPrintable, renderQuoted } from '../printable.ts';
import { describePathCharacter } from './path-character.ts';

/** Bytes of a request target, raw, and of a canonical one. */
export const MAX_TARGET_BYTES = 4096;

/** What a push or delete looks like. */
export const PUSH_TEMPLATE = '/metrics/job/<JOB>{/<LABEL>/<VALUE>}';

/** What RFC 3986 lets stand in a path; anything else some reader would cut, fold or encode. */
const PATH = /^\/[A-Za-z0-9\-._~!$&'()*+,;=:@%/]*$/;
const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * Splits a raw request target at its literal slashes and decodes each segment once. Refuses with
 * `target_invalid` queries, fragments, absolute-form, empty and dot segments, encoded slashes,
 * malformed escapes and bytes that are not UTF-8.
 * @see RFC 3986 section 3.3
 */
export function splitPath(rawTarget: string): Decision<readonly string[]> {
  const shape = checkShape(rawTarget);
  if (shape.effect === 'deny') return shape;
  const segments: string[] = [];
  const raws = withoutSlashAtEnd(rawTarget).slice(1).split('/');
  for (const raw of raws) {
    if (raw === '') return denyEmpty(segments, raws.slice(segments.length).join('') === '');
    const segment = decodeSegment(raw);
    if (segment.effect === 'deny') return segment;
    segments.push(segment.value);
  }
  return allow(segments);
}

/** Pushgateway takes a slash right behind the job for nothing, as do clients that join with one. */
const JOB_AND_SLASH = /^\/[^/]+\/[^/]+\/[^/]+\/$/;

function withoutSlashAtEnd(rawTarget: string): string {
  return JOB_AND_SLASH.test(rawTarget) ? rawTarget.slice(0, -1) : rawTarget;
}

function checkShape(rawTarget: string): Decision<string> {
  if (rawTarget.length > MAX_TARGET_BYTES) {
    return denyLength(`the path is longer than ${MAX_TARGET_BYTES} bytes`);
  }
  if (!rawTarget.startsWith('/')) {
    return denyUrl();
  }
  if (rawTarget.includes('?')) {
    return deny('target_invalid', {
      detail: 'a push takes no query string',
      hints: [`labels stand in the path: ${PUSH_TEMPLATE}`, 'a "?" in a value is written %3F'],
    });
  }
  if (!PATH.test(rawTarget)) {
    return denyCharacter(rawTarget);
  }
  return allow(rawTarget);
}

/** Refuses a target in absolute form. @see RFC 9112 section 3.2.2 */
export function denyUrl(): Deny {
  return deny('target_invalid', {
    detail: 'the request target must be a path, not a URL',
    hints: ['is a proxy set (curl --proxy, http_proxy)? take the gateway out of it: no_proxy'],
  });
}

/** Refuses a path for its length. */
export function denyLength(detail: string): Deny {
  const hints = ['shorten its values: what is long can be a label of a metric in the body'];
  return deny('target_invalid', { detail, hints });
}

const BASE64_HINT = 'or as a whole: job@base64/<base64url> or <label>@base64/<base64url>';

function denyCharacter(rawTarget: string): Deny {
  const character = /[^A-Za-z0-9\-._~!$&'()*+,;=:@%/]/u.exec(rawTarget)?.[0] ?? '';
  const { name, written } = describePathCharacter(character);
  const isPlaceholder = /[{<][^/]*[}>]/.test(rawTarget);
  return deny('target_invalid', {
    detail: `the path has ${name}, which is written ${written}`,
    hints: [isPlaceholder ? 'or was a placeholder or variable not replaced?' : BASE64_HINT],
  });
}

/** What follows may be base64 with a slash in it, which stands between two segments. */
export function hintBase64Slash(before: readonly string[]): readonly string[] {
  return before.some((segment) => segment.endsWith('@base64'))
    ? ["base64 with a \"/\" in it needs the URL alphabet: base64 -w0 | tr '/+' '_-'"]
    : [];
}

/**
 * Refuses an empty segment for what should stand there.
 * @param before - the segments before it: `metrics`, `job`, the job, and labels and values in turn
 */
function denyEmpty(before: readonly string[], isLast: boolean): Deny {
  const empty = (detail: string, ...hints: readonly string[]): Deny =>
    deny('target_invalid', { detail, hints: [...hintBase64Slash(before), ...hints] });
  const label = before.at(-1) ?? '';
  if (before.length < 2) {
    return empty(
      'the path has an empty segment',
      'look for //: an empty variable, or a base URL that ends in a slash',
    );
  }
  if (before.length === 2) {
    return empty('the job is empty', 'is the variable empty that should stand behind job/?');
  }
  if (before.length % 2 === 0) {
    const value = `${label.replace(/@base64$/, '')}@base64/<base64url>`;
    return empty(
      `label ${renderQuoted(label)} has an empty value`,
      'is the variable empty? leave the label out, and its slash',
      `a value that begins with a slash is written ${renderPrintable(value, 80)}`,
    );
  }
  return isLast
    ? empty('the path ends in a slash', 'leave out what stands behind the last value')
    : empty('the path has an empty segment', 'look for //: a slash too many, or an empty variable');
}

function decodeSegment(raw: string): Decision<string> {
  const decoded = raw.includes('%') ? decodePercent(raw) : allow(raw);
  if (decoded.effect === 'deny') return decoded;
  const segment = decoded.value;
  if (segment.includes('/')) {
    return deny('target_invalid', {
      detail: `${renderQuoted(segment)} holds an encoded slash`,
      hints: ['write such a value as job@base64/<base64url> or <label>@base64/<base64url>'],
    });
  }
  if (segment === '.' || segment === '..') {
    return deny('target_invalid', {
      detail: 'the path has a dot segment',
      hints: ['the value "." is written Lg, and ".." Li4, behind job@base64 or <label>@base64'],
    });
  }
  return decoded;
}

/** Decodes every escape exactly once; `+` stays what it is. */
function decodePercent(raw: string): Decision<string> {
  if (/%(?![0-9A-Fa-f]{2})/.test(raw)) {
    return deny('target_invalid', {
      detail: `${renderQuoted(raw)} has a malformed percent escape`,
      hints: ['a "%" in a value is written %25'],
    });
  }
  const latin1 = raw.replace(/%(..)/g, (_, digits: string) =>
    String.fromCharCode(Number.parseInt(digits, 16)),
  );
  try {
    return allow(UTF8.decode(Buffer.from(latin1, 'latin1')));
  } catch {
    return deny('target_invalid', {
      detail: `${renderQuoted(raw)} does not decode to UTF-8`,
      hints: ['encode the bytes of UTF-8: é is %C3%A9'],
    });
  }
}
