import type { LabelShape } from './label-shape.ts';

/** The names of the labels that a body had so far: mostly those of one shape. */
export interface LabelNames {
  first: LabelShape | undefined;
  last: LabelShape | undefined;
  /** Of all shapes, once there are more. */
  all: Set<string> | undefined;
}

export function createLabelNames(): LabelNames {
  return { first: undefined, last: undefined, all: undefined };
}

/** Adds those of a shape, which is mostly the one before. */
export function addLabelNames(seen: LabelNames, shape: LabelShape): void {
  if (shape === seen.last) return;
  seen.last = shape;
  seen.first ??= shape;
  if (shape === seen.first) return;
  seen.all ??= new Set(seen.first.names);
  for (const name of shape.names) seen.all.add(name);
}

/** Lists them, sorted. */
export function listLabelNames({ first, all }: LabelNames): readonly string[] {
  return all === undefined ? (first?.names ?? []) : [...all].sort();
}
