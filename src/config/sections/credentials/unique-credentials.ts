import type { Finding } from '../../engine/problem.ts';
import { nameOf, type PlacedCredential } from './credential.ts';

/** Checks that no two credentials can be taken for one another. */
export function checkUnique(placed: readonly PlacedCredential[]): readonly Finding[] {
  return [
    ...findRepeated(placed, 'the user name', 'username', userNameOf),
    ...findRepeated(placed, 'the token', 'sha256', tokenOf),
    ...findRepeated(placed, 'the name', 'name', nameInTeam),
  ];
}

function findRepeated(
  placed: readonly PlacedCredential[],
  what: string,
  key: string,
  identify: (placed: PlacedCredential) => string | undefined,
): readonly Finding[] {
  const first = new Map<string, PlacedCredential>();
  return placed.flatMap((one): Finding[] => {
    const id = identify(one);
    const twin = id === undefined ? undefined : first.get(id);
    if (id !== undefined && twin === undefined) first.set(id, one);
    if (twin === undefined) return [];
    const message = `${what} is taken by credential ${nameOf(twin.credential)} of team ${twin.team}`;
    return [{ severity: 'error', path: [...one.path, key], message }];
  });
}

function userNameOf({ credential }: PlacedCredential): string | undefined {
  return credential.type === 'basic' ? credential.username : undefined;
}

function tokenOf({ credential }: PlacedCredential): string | undefined {
  return credential.type === 'token' ? credential.sha256.toLowerCase() : undefined;
}

function nameInTeam(placed: PlacedCredential): string | undefined {
  const name = placed.credential.name ?? userNameOf(placed);
  return name === undefined ? undefined : `${placed.team}/${name}`;
}
