import type { HeaderValues } from '../security-headers.ts';

/**
 * Headers of every answer of the page, in place of those of the rest: styles, module and forms come
 * from and go to the gateway alone. A form says where it comes from only under this referrer policy.
 * @param securityHeaders - of every answer of the public side
 */
export function resolvePageHeaders(securityHeaders: HeaderValues): HeaderValues {
  return Object.freeze({
    ...securityHeaders,
    'Content-Security-Policy': [
      "default-src 'none'",
      "style-src 'self'",
      "script-src 'self'",
      "connect-src 'self'",
      'img-src data:',
      "form-action 'self'",
      "base-uri 'none'",
      "frame-ancestors 'none'",
    ].join('; '),
    'Referrer-Policy': 'same-origin',
    'Permissions-Policy': 'camera=(), geolocation=(), microphone=(), payment=(), usb=()',
    'Cache-Control': 'no-store',
    Vary: 'Cookie, Authorization',
  });
}
