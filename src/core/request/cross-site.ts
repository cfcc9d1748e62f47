import { allow, type Decision, deny } from '../decision.ts';

/** The headers by which a browser says that a page sent the request. */
interface SiteHeaders {
  readonly origin: string | undefined;
  readonly secFetchSite: string | undefined;
}

/**
 * Refuses a push or delete that a web page sent: a cross-site POST of text needs no preflight, and
 * a browser adds the Basic credential it knows.
 * @see Fetch standard, section "Sec-Fetch-Site header" and "Origin header"
 */
export function checkCrossSite(method: string, headers: SiteHeaders): Decision<undefined> {
  if (method === 'GET' || method === 'HEAD') return allow(undefined);
  const { origin, secFetchSite } = headers;
  const isDirect = origin === undefined && (secFetchSite ?? 'none') === 'none';
  return isDirect ? allow(undefined) : deny('cross_site');
}
