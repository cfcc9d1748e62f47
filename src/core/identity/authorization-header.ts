import { allow, type Decision, type Deny, deny } from '../decision.ts';
import type { ClientCertificate } from './client-certificate.ts';
import {
  explainBasicForm,
  explainHeaderForm,
  type FormProblem,
  isTokenAsUserName,
  TOKEN_AS_USER_NAME,
} from './credential-form.ts';

/** What a request presents to prove who sends it. */
export type PresentedCredential =
  | { readonly scheme: 'bearer'; readonly token: string }
  | { readonly scheme: 'basic'; readonly username: string; readonly password: string }
  | { readonly scheme: 'certificate'; readonly certificate: ClientCertificate };

/** Longer ones are refused before anything is computed over them. */
const MAX_HEADER_BYTES = 8192;

/** RFC 6750 section 2.1, exactly one space; the scheme in any case (RFC 9110 section 11.1). */
const BEARER = /^bearer ([A-Za-z0-9\-._~+/]+=*)$/i;
const BASIC = /^basic ([A-Za-z0-9+/]+={0,2})$/i;
const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const BASE64_PROBLEM: FormProblem = {
  detail: 'what stands behind Basic is not whole base64',
  hints: ["printf '%s' USER:PASSWORD | base64 -w0 makes it, in one line"],
};
const UTF8_PROBLEM: FormProblem = {
  detail: 'user name or password is not UTF-8',
  hints: ['let the client encode it: curl --user USER:PASSWORD'],
};
const LENGTH_PROBLEM: FormProblem = {
  detail: `the Authorization header is longer than ${MAX_HEADER_BYTES} bytes`,
  hints: ['is it a file in place of a token?'],
};
const HOW_TO_SEND =
  'with curl: -H "Authorization: Bearer $TOKEN", or --user NAME:PASSWORD; no other header, no query';
const CONTROL = /\p{Cc}/u;

/**
 * Reads an `Authorization` header strictly: one scheme, one credential, canonical base64, UTF-8,
 * no controls.
 * @param header - undefined when the request has none
 * @see RFC 7617 section 2, RFC 6750 section 2.1
 */
export function parseAuthorization(header: string | undefined): Decision<PresentedCredential> {
  if (header === undefined) return denyMissing();
  if (header.length > MAX_HEADER_BYTES)
    return invalid('the Authorization header is too long', LENGTH_PROBLEM);
  const token = BEARER.exec(header)?.[1];
  if (token !== undefined) return allow({ scheme: 'bearer', token });
  const encoded = BASIC.exec(header)?.[1];
  if (encoded !== undefined) return parseBasic(encoded);
  return invalid('the Authorization header is neither Basic nor Bearer', explainHeaderForm(header));
}

/** Refuses a request without a credential. */
export function denyMissing(internal?: string): Deny {
  return deny('credential_missing', { hints: [HOW_TO_SEND], ...(internal && { internal }) });
}

function parseBasic(encoded: string): Decision<PresentedCredential> {
  const bytes = Buffer.from(encoded, 'base64');
  if (bytes.toString('base64') !== encoded)
    return invalid('Basic: not canonical base64', BASE64_PROBLEM);
  let text: string;
  try {
    text = UTF8.decode(bytes);
  } catch {
    return invalid('Basic: not UTF-8', UTF8_PROBLEM);
  }
  const colon = text.indexOf(':');
  if (colon === -1) return invalid('Basic: no colon', explainBasicForm(text));
  if (colon === 0) return invalid('Basic: no user name', explainBasicForm(text));
  if (CONTROL.test(text)) return invalid('Basic: a control character', explainBasicForm(text));
  const username = text.slice(0, colon);
  if (isTokenAsUserName(username))
    return invalid('Basic: a token as user name', TOKEN_AS_USER_NAME);
  return allow({ scheme: 'basic', username, password: text.slice(colon + 1) });
}

/**
 * The caller learns what is wrong with the form of what was sent, which needs no knowledge of any
 * credential.
 */
function invalid(internal: string, form: FormProblem): Decision<never> {
  return deny('credential_invalid', { internal, ...form });
}
