/** Work that is done a piece at a time, each in a slot of its own, in the order in which it came. */
export type Slots = (work: () => void) => void;

/**
 * Creates slots. However much there is to do, one piece is done in each, and whatever else the
 * process has to do comes between two of them.
 * @param schedule - has the next slot called some time later
 */
export function createSlots(schedule: (slot: () => void) => void): Slots {
  const waiting: (() => void)[] = [];
  const serve = (): void => {
    waiting.shift()?.();
    if (waiting.length > 0) schedule(serve);
  };
  return (work) => {
    if (waiting.push(work) === 1) schedule(serve);
  };
}
