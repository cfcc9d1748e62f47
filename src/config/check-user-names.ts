import { resolve as resolvePath } from 'node:path';
import { GatewayError } from '../core/errors.ts';
import type { Finding } from './problem.ts';
import { readHtpasswd } from './read-htpasswd.ts';
import type { RawConfig, RawCredential } from './schema.ts';

/** Checks that no user of an htpasswd file is a user of another credential, of whatever team. */
export function checkUserNames(config: RawConfig, directory: string): readonly Finding[] {
  const owners = new Map<string, { readonly label: string; readonly type: string }>();
  const credentials = Object.entries(config.teams).flatMap(([team, { credentials: own }]) =>
    own.map((credential, index) => ({ team, credential, index })),
  );
  return credentials.flatMap(({ team, credential, index }) => {
    const { type } = credential;
    const label = `credential ${nameOf(credential)} of team ${team}`;
    const key = type === 'basic' ? 'username' : 'file';
    const path = ['teams', team, 'credentials', index, key];
    return listUserNames(credential, directory).flatMap((username): Finding[] => {
      const other = owners.get(username);
      if (other === undefined) owners.set(username, { label, type });
      if (other === undefined || other.label === label) return [];
      // Between two of type basic it was found before.
      if (other.type === 'basic' && type === 'basic') return [];
      const message = `the user name ${username} is taken by ${other.label}`;
      return [{ severity: 'error', path, message }];
    });
  });
}

function listUserNames(credential: RawCredential, directory: string): readonly string[] {
  if (credential.type === 'basic') return [credential.username];
  if (credential.type !== 'htpasswd') return [];
  try {
    const { users } = readHtpasswd(resolvePath(directory, credential.file));
    return users.map(({ username }) => username);
  } catch (error) {
    if (error instanceof GatewayError) return [];
    throw error;
  }
}

function nameOf(credential: RawCredential): string {
  return credential.name ?? (credential.type === 'basic' ? credential.username : credential.type);
}
