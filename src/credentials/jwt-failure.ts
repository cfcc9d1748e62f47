import { errors, type ProtectedHeaderParameters } from 'jose';
import type { IssuerSpec } from '../core/identity/issuer.ts';
import { renderPrintable, renderQuoted } from '../core/printable.ts';

/** Bytes of a token's value that an explanation shows. */
const SHOWN_BYTES = 120;

/**
 * Says for the operator what is wrong with a token: which part, what it is, and what it should be.
 * @param error - what jose threw at it
 * @param header - of the token; undefined when it cannot be read
 */
export function describeJwtFailure(
  error: unknown,
  header: ProtectedHeaderParameters | undefined,
  { algorithms, audience, typ }: IssuerSpec,
): string {
  if (!(error instanceof Error)) return String(error);
  if (error instanceof errors.JOSEAlgNotAllowed) {
    return `"alg" is ${render(header?.alg)}, not one of ${algorithms.join(', ')}`;
  }
  if (error instanceof errors.JWKSNoMatchingKey) {
    return `it has no key for ${render(header?.alg)} whose "kid" is ${render(header?.kid)}`;
  }
  if (!(error instanceof errors.JWTClaimValidationFailed)) return error.message;
  switch (error.claim) {
    case 'aud':
      return `${error.message}, it is ${render(error.payload.aud)}, not ${renderQuoted(audience)}`;
    case 'typ':
      return `${error.message}, it is ${render(header?.typ)}, not ${renderQuoted(typ ?? '')}`;
    default:
      return `${error.message}, it is ${render(error.payload[error.claim])}`;
  }
}

function render(value: unknown): string {
  return renderPrintable(JSON.stringify(value) ?? 'missing', SHOWN_BYTES);
}
