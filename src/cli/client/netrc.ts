/** A login of a netrc file. */
export interface NetrcLogin {
  readonly login: string;
  readonly password: string;
}

/**
 * Finds the login for a host in the text of a netrc file: the entry of the machine, else the
 * default; undefined if there is none that has both login and password.
 * @see curl(1), `--netrc`; netrc(5)
 */
export function findNetrcLogin(text: string, host: string): NetrcLogin | undefined {
  const entry = parseEntries(text).find(({ machine }) => machine === undefined || machine === host);
  if (entry?.login === undefined || entry.password === undefined) return undefined;
  return { login: entry.login, password: entry.password };
}

interface NetrcEntry {
  /** Undefined for the default. */
  readonly machine: string | undefined;
  readonly login?: string;
  readonly password?: string;
}

function parseEntries(text: string): readonly NetrcEntry[] {
  const lines = text.split('\n').filter((line) => !line.trimStart().startsWith('#'));
  const words = lines.join(' ').split(/\s+/).values();
  const entries: NetrcEntry[] = [];
  const next = (): string => words.next().value ?? '';
  for (const word of words) {
    if (word === 'machine') entries.push({ machine: next() });
    else if (word === 'default') entries.push({ machine: undefined });
    else if (word === 'login' || word === 'password')
      Object.assign(entries.at(-1) ?? {}, { [word]: next() });
    else if (word === 'account') next();
  }
  return entries;
}
