import { occupiedNames, type PushedFamily } from '../exposition/push-content.ts';

/** A family of one type, and how many hold it. */
export interface Occupant {
  readonly family: PushedFamily;
  holders: number;
}

/** Who has which name: a family has its own and those of the samples that it becomes. */
export type FamilyIndex = Map<string, Occupant[]>;

/**
 * Counts one more holder of a family.
 * @returns the one object that all of its holders share; it does not keep a body alive
 */
export function hold(index: FamilyIndex, family: PushedFamily): PushedFamily {
  const known = index.get(family.name)?.find((occupant) => isSame(occupant.family, family));
  if (known !== undefined) {
    known.holders += 1;
    return known.family;
  }
  const occupant = { family: detach(family), holders: 1 };
  for (const name of occupiedNames(occupant.family)) {
    const others = index.get(name);
    if (others === undefined) index.set(name, [occupant]);
    else others.push(occupant);
  }
  return occupant.family;
}

/** Counts one holder of a family less. */
export function release(index: FamilyIndex, family: PushedFamily): void {
  const occupant = index.get(family.name)?.find((known) => isSame(known.family, family));
  if (occupant === undefined) throw new TypeError(`nobody holds ${family.name}`);
  occupant.holders -= 1;
  if (occupant.holders > 0) return;
  for (const name of occupiedNames(family)) {
    const others = index.get(name)?.filter((known) => known !== occupant) ?? [];
    if (others.length === 0) index.delete(name);
    else index.set(name, others);
  }
}

/** The families that cannot be in one store with `family`. */
export function findClashes(index: FamilyIndex, family: PushedFamily): readonly Occupant[] {
  return occupiedNames(family).flatMap(
    (name) => index.get(name)?.filter((occupant) => !isSame(occupant.family, family)) ?? [],
  );
}

export function isSame(a: PushedFamily, b: PushedFamily): boolean {
  return a.name === b.name && a.type === b.type;
}

/** A copy that does not keep the body alive from which the name was cut. */
function detach({ name, type }: PushedFamily): PushedFamily {
  return { name: Buffer.from(name).toString(), type };
}
