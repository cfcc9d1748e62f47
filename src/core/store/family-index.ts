import {
  type FamilyType,
  occupiedNames,
  type PushedFamily,
  SAMPLE_SUFFIXES,
} from '../exposition/push-content.ts';

/** A family of one type, and how many hold it. */
export interface Occupant extends PushedFamily {
  /** Groups and claims, each as often as it holds it. */
  holders: number;
}

/** Who has which name: a family has its own and those of the samples that it becomes. */
export type FamilyIndex = Map<string, Occupant[]>;

/**
 * Counts one more holder of a family.
 * @returns the one object that all of its holders share; it does not keep a body alive
 */
export function hold(index: FamilyIndex, name: string, type: FamilyType): Occupant {
  const known = findOccupant(index, name, type);
  if (known !== undefined) {
    known.holders += 1;
    return known;
  }
  const occupant = { name: Buffer.from(name).toString(), type, holders: 1 };
  for (const occupied of occupiedNames(occupant)) {
    const others = index.get(occupied);
    if (others === undefined) index.set(occupied, [occupant]);
    else others.push(occupant);
  }
  return occupant;
}

/** Counts one holder of a family less. */
export function release(index: FamilyIndex, occupant: Occupant): void {
  occupant.holders -= 1;
  if (occupant.holders > 0) return;
  for (const name of occupiedNames(occupant)) {
    const others = index.get(name)?.filter((known) => known !== occupant) ?? [];
    if (others.length === 0) index.delete(name);
    else index.set(name, others);
  }
}

function findOccupant(index: FamilyIndex, name: string, type: FamilyType): Occupant | undefined {
  return index.get(name)?.find((known) => known.name === name && known.type === type);
}

/** Whether any family cannot be in one store with `family`. */
export function hasClash(index: FamilyIndex, { name, type }: PushedFamily): boolean {
  for (const suffix of SAMPLE_SUFFIXES[type]) {
    const occupants = index.get(suffix === '' ? name : name + suffix);
    if (occupants === undefined) continue;
    for (const other of occupants) if (other.name !== name || other.type !== type) return true;
  }
  return false;
}

/** The families that cannot be in one store with `family`, each once. */
export function findClashes(index: FamilyIndex, family: PushedFamily): readonly Occupant[] {
  const clashes: Occupant[] = [];
  for (const name of occupiedNames(family)) {
    for (const occupant of index.get(name) ?? []) {
      const isSame = occupant.name === family.name && occupant.type === family.type;
      if (!isSame && !clashes.includes(occupant)) clashes.push(occupant);
    }
  }
  return clashes;
}
