import type { PageOrigin } from './page-origin.ts';

const NAME = 'pushwarden_session';
/** Browsers take a name that begins so over TLS alone (RFC 6265bis section 4.1.3.1). */
const SECURE_PREFIX = '__Secure-';
const ID = /^[A-Za-z0-9_-]{43}$/;

/** More cookies of the name than a browser has reason to send. */
const MAX_IDS = 4;

/**
 * Finds the session ids of a request's `Cookie`. There may be several: whoever runs a site beside
 * this one can set cookies here, and must not be able to lock anybody out with them.
 */
export function readSessionCookies(
  header: string | undefined,
  origin: PageOrigin,
): readonly string[] {
  const before = `${nameFor(origin)}=`;
  const values = (header ?? '')
    .split(';')
    .map((pair) => pair.trim())
    .filter((pair) => pair.startsWith(before))
    .map((pair) => pair.slice(before.length));
  return [...new Set(values)].filter((value) => ID.test(value)).slice(0, MAX_IDS);
}

/**
 * Renders the cookie of a session.
 * @param id - empty to take it back
 * @see RFC 6265 section 4.1
 */
export function renderSessionCookie(id: string, maxAgeMs: number, origin: PageOrigin): string {
  const { prefix, isSecure } = origin;
  const flags = `Path=${prefix}/ui/; HttpOnly; SameSite=Strict${isSecure ? '; Secure' : ''}`;
  return `${nameFor(origin)}=${id}; Max-Age=${Math.floor(maxAgeMs / 1000)}; ${flags}`;
}

function nameFor({ isSecure }: PageOrigin): string {
  return isSecure ? SECURE_PREFIX + NAME : NAME;
}
