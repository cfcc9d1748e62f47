import { hash } from 'node:crypto';

/** What is wrong with the form of a credential; it says nothing of whether it would be valid. */
export interface FormProblem {
  /** Left out where the form is possible, and only a hint can be given. */
  readonly detail?: string;
  readonly hints: readonly string[];
}

const SEND = 'send "Authorization: Bearer TOKEN", or USER:PASSWORD as Basic (curl --user)';
const NAMED_TOKEN =
  'with Basic, the user name is the name of the credential and the password its token';
const STRIP = "take it off: TOKEN=$(tr -d '\\r\\n' < FILE)";

interface FormMistake extends Required<FormProblem> {
  readonly pattern: RegExp;
}

/** Schemes that can be named in an answer: they are no secret. */
const KNOWN_SCHEMES =
  /^(?:token|jwt|oauth|apikey|api-key|x-api-key|key|digest|negotiate|ntlm|hawk|hoba|mutual|aws4-hmac-sha256|private-token|job-token|glpat|ssws)\b/i;

const MISTAKES: readonly FormMistake[] = [
  {
    pattern: /^\s*$/,
    detail: 'the Authorization header is empty',
    hints: ['is the variable behind it empty?'],
  },
  {
    pattern: /^(?:bearer|basic)\s*$/i,
    detail: 'the Authorization header ends after its scheme',
    hints: ['is the variable behind it empty?'],
  },
  {
    pattern: /^(?:bearer|basic)\s+(?:bearer|basic)\b/i,
    detail: 'the Authorization header has its scheme twice',
    hints: ['leave one out: some clients add it themselves'],
  },
  {
    pattern: /^authorization:/i,
    detail: 'the Authorization header has its own name in its value',
    hints: [SEND],
  },
  {
    pattern: /^(?:bearer|basic)\s*[:=,]/i,
    detail: 'a sign stands between scheme and credential',
    hints: ['write a blank alone'],
  },
  {
    pattern: /^["'`“‘]|^(?:bearer|basic)\s+["'`“‘]|["'`”’]$/i,
    detail: 'quotes around the credential',
    hints: ['leave them out'],
  },
  {
    pattern: /^(?:(?:bearer|basic)\s+)?(?:\$[{(A-Za-z_]|\{\{|<[^>]*>|%[A-Za-z_]+%)/i,
    detail: 'a variable or placeholder stands where the credential should',
    hints: ['between single quotes a shell replaces nothing: use double quotes'],
  },
  {
    pattern: /(?:\\[nr]|%0[ad]|\s)$/i,
    detail: 'a line feed or blank behind the credential',
    hints: [STRIP],
  },
  {
    pattern: /^(?:bearer|basic)(?:\s{2,}|[^\S ])/i,
    detail: 'more than one blank after the scheme',
    hints: ['write one'],
  },
  {
    pattern: /^basic\s+[^\s:]*:/i,
    detail: 'user name and password are not in base64',
    hints: ['let the client do it: curl --user USER:PASSWORD'],
  },
  {
    pattern: /^basic\s+[A-Za-z0-9_-]*[_-][A-Za-z0-9_-]*=*$/i,
    detail: 'Basic is not in plain base64, but in base64url or a token',
    hints: [SEND, NAMED_TOKEN],
  },
  {
    pattern: /^basic\s/i,
    detail: 'what stands behind Basic is not base64',
    hints: ["printf '%s' USER:PASSWORD | base64 -w0 makes it, in one line"],
  },
  {
    pattern: /^bearer\s+\S+\s+\S/i,
    detail: 'a blank inside the token',
    hints: ['a token is one word; was a second header or a comment joined to it?'],
  },
  {
    pattern: /^bearer\s+\S*:\S/i,
    detail: 'a colon in the token',
    hints: ['is it USER:PASSWORD? send it as Basic: curl --user'],
  },
  {
    pattern: /^bearer\s/i,
    detail: 'the token has a character that no token has',
    hints: ['a token has letters, digits and - . _ ~ + /, and "=" at its end'],
  },
  {
    pattern: KNOWN_SCHEMES,
    detail: 'the scheme of the Authorization header is not taken',
    hints: [SEND],
  },
  {
    pattern: /^[^\s:]+:\S/,
    detail: 'the scheme is missing before the credential',
    hints: ['send USER:PASSWORD as Basic: curl --user'],
  },
  {
    pattern: /^\S+$/,
    detail: 'the scheme is missing before the credential',
    hints: [SEND],
  },
];

const OTHER: Required<FormProblem> = {
  detail: 'the Authorization header is neither Basic nor Bearer',
  hints: [SEND],
};

/** Says what is wrong with an `Authorization` header that is neither Basic nor Bearer. */
export function explainHeaderForm(header: string): FormProblem {
  const { detail, hints } = MISTAKES.find(({ pattern }) => pattern.test(header)) ?? OTHER;
  return { detail, hints };
}

/** Says what is wrong with the text behind Basic, once it is out of base64. */
export function explainBasicForm(text: string): FormProblem {
  if (/[\r\n]$/.test(text)) {
    return {
      detail: 'a line feed at the end of the password',
      hints: [`printf, not echo; ${STRIP}`],
    };
  }
  if (/\p{Cc}/u.test(text)) {
    return { detail: 'a control character in user name or password', hints: [STRIP] };
  }
  if (text.startsWith(':')) {
    return { detail: 'Basic without a user name', hints: [NAMED_TOKEN] };
  }
  return { detail: 'Basic without ":" between user name and password', hints: [NAMED_TOKEN] };
}

/** Whether a whole token of `pushwarden token create` stands where the user name should. */
export function isTokenAsUserName(userName: string): boolean {
  return userName.startsWith(TOKEN_PREFIX) && explainTokenForm(userName) === undefined;
}

export const TOKEN_AS_USER_NAME: FormProblem = {
  detail: 'a token stands where the user name should',
  hints: [NAMED_TOKEN],
};

/** Lets scanners of leaked secrets find a token, and tell a real one from look-alikes. */
export const TOKEN_PREFIX = 'pwt_';
const CHECKSUM_LENGTH = 6;
const TOKEN_LENGTH = TOKEN_PREFIX.length + 43 + CHECKSUM_LENGTH;

/** What stands at the end of a token: the beginning of the SHA-256 of the rest, in base64url. */
export function renderTokenChecksum(rest: string): string {
  return hash('sha256', rest, 'base64url').slice(0, CHECKSUM_LENGTH);
}

/**
 * Says that a token of `pushwarden token create` was damaged on its way, by its checksum: undefined
 * for a whole one and for tokens of elsewhere.
 */
export function explainTokenForm(token: string): FormProblem | undefined {
  const at = token.slice(0, 8).toLowerCase().indexOf(TOKEN_PREFIX);
  if (at === -1 || token.length > 200) return undefined;
  const rest = token.slice(0, -CHECKSUM_LENGTH);
  if (at === 0 && renderTokenChecksum(rest) === token.slice(-CHECKSUM_LENGTH)) return undefined;
  const difference = token.length - TOKEN_LENGTH;
  const size =
    difference === 0
      ? 'a character is another one'
      : `it is too ${difference > 0 ? 'long' : 'short'} by ${Math.abs(difference)}`;
  return {
    detail: `the token is damaged: ${size}`,
    hints: ['copy it again, whole; no case may change'],
  };
}

const JSON_WEB_TOKEN = /^eyJ[\w.-]*$/;
const DIGEST = /^[\da-f]{64}$/i;

/** What the form of a token tells that no credential matches; undefined for nothing. */
export function explainBearerForm(token: string): FormProblem | undefined {
  const parts = token.split('.').length;
  if (JSON_WEB_TOKEN.test(token) && parts !== 3) {
    return {
      detail: `a JWT has three parts with points between them, this one has ${parts}`,
      hints: ['copy it again, whole, in one line'],
    };
  }
  if (DIGEST.test(token)) {
    return { hints: ['is it the sha256 of a configuration? send the token that it was made of'] };
  }
  return explainTokenForm(token);
}

/** The same of a password of Basic, which may be a token. */
export function explainPasswordForm(password: string): FormProblem | undefined {
  const isToken = password.startsWith(TOKEN_PREFIX) || JSON_WEB_TOKEN.test(password);
  return explainBearerForm(password) ?? (isToken ? { hints: [NAMED_TOKEN] } : undefined);
}
