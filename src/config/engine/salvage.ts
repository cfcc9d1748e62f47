import type { z } from 'zod';
import { createPathSet } from './path-set.ts';

/** What is left of a document without its unsound parts. */
export interface Salvage<Data> {
  readonly data: Data;
  /** The path in the file of a path in what is left: lists close up over what was taken out. */
  restore(path: readonly PropertyKey[]): readonly PropertyKey[];
  /** Whether a path in the file is about a part that was taken out or made up. */
  isMissing(path: readonly PropertyKey[]): boolean;
  /** Whether something below a path in the file was taken out or made up. */
  isIncomplete(path: readonly PropertyKey[]): boolean;
}

type Container = Record<PropertyKey, unknown>;
type Issue = z.core.$ZodIssue;

/** A gap can open where a part was taken out, so a few rounds. */
const MAX_ROUNDS = 8;

/** What is put where something must be, so that what is around it is looked at. */
export interface StandIn {
  /** `*` is every key of a map. */
  readonly path: readonly string[];
  readonly value: unknown;
}

/**
 * Takes out what the schema refuses, so that the checks behind it can look at the rest and every
 * problem is found at once.
 * @returns undefined when nothing sound is left
 */
export function salvage<Data>(
  document: unknown,
  schema: z.ZodType<Data>,
  standIns: readonly StandIn[],
): Salvage<Data> | undefined {
  const rest: unknown = structuredClone(document);
  if (!isContainer(rest) || Array.isArray(rest)) return undefined;
  const missing = createPathSet();
  const indexes = new Map<unknown, number[]>();
  for (let round = 0; round < MAX_ROUNDS; round += 1) {
    missing.add(standIns.flatMap(({ path, value }) => fill(rest, path, value)));
    const parsed = schema.safeParse(rest);
    if (parsed.success) {
      return {
        data: parsed.data,
        restore: (path) => restorePath(rest, path, indexes),
        isMissing: missing.covers,
        isIncomplete: missing.reachesInto,
      };
    }
    const unsound = listUnsound(rest, parsed.error.issues);
    missing.add(unsound.map((path) => restorePath(rest, path, indexes)));
    for (const path of unsound.toReversed()) remove(rest, path, indexes);
  }
  return undefined;
}

/** Puts a value where there is none; says where. */
function fill(
  at: unknown,
  [key = '', ...inner]: readonly string[],
  value: unknown,
): readonly (readonly PropertyKey[])[] {
  if (!isContainer(at)) return [];
  if (inner.length > 0) {
    const keys = key === '*' ? Object.keys(at) : [key];
    return keys.flatMap((name) => fill(at[name], inner, value).map((path) => [name, ...path]));
  }
  if (at[key] !== undefined) return [];
  at[key] = structuredClone(value);
  return [[key]];
}

function listUnsound(root: unknown, issues: readonly Issue[]): readonly (readonly PropertyKey[])[] {
  return issues.flatMap((issue) => {
    if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => [...issue.path, key]);
    const isAbsent = issue.path.reduce(stepInto, root) === undefined;
    // Without what it must have, the map around it is unsound.
    return [isAbsent && issue.path.length > 1 ? issue.path.slice(0, -1) : issue.path];
  });
}

function remove(
  root: Container,
  path: readonly PropertyKey[],
  indexes: Map<unknown, number[]>,
): void {
  const parent = path.slice(0, -1).reduce(stepInto, root);
  const key = path.at(-1);
  if (!isContainer(parent) || key === undefined) return;
  if (Array.isArray(parent) && typeof key === 'number') {
    const known = indexes.get(parent) ?? [...parent.keys()];
    known.splice(key, 1);
    parent.splice(key, 1);
    indexes.set(parent, known);
  } else {
    delete parent[key];
  }
}

function restorePath(
  root: unknown,
  path: readonly PropertyKey[],
  indexes: ReadonlyMap<unknown, readonly number[]>,
): readonly PropertyKey[] {
  let at: unknown = root;
  return path.map((key) => {
    const original = typeof key === 'number' ? indexes.get(at)?.[key] : undefined;
    at = stepInto(at, key);
    return original ?? key;
  });
}

function stepInto(value: unknown, key: PropertyKey): unknown {
  return isContainer(value) ? value[key] : undefined;
}

function isContainer(value: unknown): value is Container {
  return typeof value === 'object' && value !== null;
}
