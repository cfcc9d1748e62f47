import { resolve as resolvePath } from 'node:path';
import { GatewayError } from '../../../core/errors.ts';
import type { Finding } from '../../engine/problem.ts';
import { nameOf, type PlacedCredential, type RawCredential } from './credential.ts';
import { readHtpasswd } from './htpasswd.ts';

/** Checks that no user of an htpasswd file is a user of another credential, of whatever team. */
export function checkUserNames(
  placed: readonly PlacedCredential[],
  directory: string,
): readonly Finding[] {
  const owners = new Map<string, { readonly label: string; readonly type: string }>();
  return placed.flatMap(({ team, credential, path }) => {
    const { type } = credential;
    const label = `credential ${nameOf(credential)} of team ${team}`;
    const key = type === 'basic' ? 'username' : 'file';
    return listUserNames(credential, directory).flatMap((username): Finding[] => {
      const other = owners.get(username);
      if (other === undefined) owners.set(username, { label, type });
      if (other === undefined || other.label === label) return [];
      // Between two of type basic it was found before.
      if (other.type === 'basic' && type === 'basic') return [];
      const message = `the user name ${username} is taken by ${other.label}`;
      return [{ severity: 'error', path: [...path, key], message }];
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
