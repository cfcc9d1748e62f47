import type { HtpasswdUser } from './credential.ts';
import { explainForeignHash, explainHashCost, parsePasswordHash } from './password-hash.ts';

/** What an htpasswd file holds, and what is wrong with it, by line. */
export interface HtpasswdFile {
  readonly users: readonly HtpasswdUser[];
  readonly errors: readonly string[];
  readonly warnings: readonly string[];
}

const MAX_USERNAME = 128;
const CONTROL = /\p{Cc}/u;

/**
 * Reads an htpasswd file: a user name, a colon and a hash on each line; empty lines and those that
 * begin with `#` are left out. No message shows a hash.
 */
export function parseHtpasswd(text: string): HtpasswdFile {
  const lines = text.split('\n').map((line) => line.replace(/\s+$/, ''));
  const entries = lines.flatMap((line, index) => {
    if (line === '' || line.startsWith('#')) return [];
    const colon = line.indexOf(':');
    const username = colon === -1 ? '' : line.slice(0, colon);
    return [{ place: `line ${index + 1}`, username, passwordHash: line.slice(colon + 1) }];
  });
  return judgeUsers(entries);
}

/** A user as a file has it, and where. */
interface Entry extends HtpasswdUser {
  readonly place: string;
}

/** Holds users of whatever file against what the gateway can verify. */
export function judgeUsers(entries: readonly Entry[]): HtpasswdFile {
  const errors: string[] = [];
  const warnings: string[] = [];
  const seen = new Set<string>();
  if (entries.length === 0) errors.push('no user is in it');
  for (const { place, username, passwordHash } of entries) {
    const problem = explainUser(username, seen) ?? explainHash(passwordHash);
    if (problem !== undefined) errors.push(`${place}: ${problem}`);
    else if (parsePasswordHash(passwordHash)?.algorithm === 'sha1') {
      warnings.push(`${place}: an {SHA} hash has no salt: make a bcrypt hash with "htpasswd -B"`);
    }
    seen.add(username);
  }
  const users = entries.map(({ username, passwordHash }) => ({ username, passwordHash }));
  return { users, errors, warnings };
}

function explainUser(username: string, seen: ReadonlySet<string>): string | undefined {
  if (username === '') return 'is not a user name, a colon and a hash';
  if (username.length > MAX_USERNAME || CONTROL.test(username)) {
    return 'the user name is longer than 128 characters or has controls';
  }
  return seen.has(username) ? `the user ${username} is there twice` : undefined;
}

function explainHash(text: string): string | undefined {
  const hash = parsePasswordHash(text);
  if (hash === undefined) {
    return `${explainForeignHash(text)}: make a bcrypt hash with "htpasswd -B"`;
  }
  return explainHashCost(hash);
}
