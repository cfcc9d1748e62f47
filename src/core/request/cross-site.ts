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
  if (origin === undefined && (secFetchSite ?? 'none') === 'none') return allow(undefined);
  const header = origin === undefined ? 'Sec-Fetch-Site' : 'Origin';
  return deny('cross_site', {
    detail: `pushes and deletes from web pages are not allowed: there is the header ${header}`,
    hints: [`send it from a script or server, without ${header}; in a browser, delete at /ui/`],
  });
}
