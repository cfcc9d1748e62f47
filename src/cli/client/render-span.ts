const UNITS = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1000],
] as const;

/** Renders a span of time in its largest whole unit: `3d`; with a sign when it is below 0. */
export function renderSpan(ms: number): string {
  if (ms < 0) return `-${renderSpan(-ms)}`;
  const [unit, size] = UNITS.find(([, length]) => ms >= length) ?? ['s', 1000];
  return `${Math.floor(ms / size)}${unit}`;
}
