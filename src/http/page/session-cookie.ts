import type { PageOrigin } from './page-origin.ts';

const NAME = 'pushwarden_session';
const ID = /^[A-Za-z0-9_-]{43}$/;

/** Finds the session id of a request's `Cookie`; one that is there twice is none. */
export function readSessionCookie(header: string | undefined): string | undefined {
  const values = (header ?? '')
    .split(';')
    .map((pair) => pair.trim())
    .filter((pair) => pair.startsWith(`${NAME}=`))
    .map((pair) => pair.slice(NAME.length + 1));
  const [id] = values;
  return values.length === 1 && id !== undefined && ID.test(id) ? id : undefined;
}

/**
 * Renders the cookie of a session.
 * @param id - empty to take it back
 * @see RFC 6265 section 4.1
 */
export function renderSessionCookie(
  id: string,
  maxAgeMs: number,
  { prefix, isSecure }: PageOrigin,
): string {
  const flags = `Path=${prefix}/ui/; HttpOnly; SameSite=Strict${isSecure ? '; Secure' : ''}`;
  return `${NAME}=${id}; Max-Age=${Math.floor(maxAgeMs / 1000)}; ${flags}`;
}
