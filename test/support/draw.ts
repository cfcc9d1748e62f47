/** Draws a whole number from 0 up to, and without, `below`. */
export type Draw = (below: number) => number;

/** The same numbers in every run with the same seed. */
export function createDraw(seed: number): Draw {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

/** One of several. */
export function pick<T>(draw: Draw, values: readonly T[]): T {
  const value = values[draw(values.length)];
  if (value === undefined) throw new RangeError('nothing to draw from');
  return value;
}
