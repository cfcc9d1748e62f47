import type { IncomingMessage, ServerResponse } from 'node:http';
import helmet from 'helmet';

/** Header names and values, ready for `writeHead`. */
export type HeaderValues = Readonly<Record<string, string>>;

/**
 * The headers that helmet would set on every answer, computed once: their values do not depend on
 * the request. Nothing here is a page, so the policy allows no content at all.
 */
export function resolveSecurityHeaders(): HeaderValues {
  const values: Record<string, string> = {};
  const recorder = {
    setHeader: (name: string, value: string) => {
      values[name] = value;
    },
    removeHeader: () => {},
  };
  const middleware = helmet({
    contentSecurityPolicy: {
      useDefaults: false,
      directives: { defaultSrc: ["'none'"], frameAncestors: ["'none'"] },
    },
    xFrameOptions: { action: 'deny' },
    // Promised only where TLS is spoken; here a proxy in front may do that.
    strictTransportSecurity: false,
  });
  // helmet touches no more of a request and response than the recorder has.
  middleware({} as IncomingMessage, recorder as unknown as ServerResponse, () => {});
  return Object.freeze(values);
}
