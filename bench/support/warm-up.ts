/** A contender has had a pause while the others had their turns, and does not come out of it at once. */
export const LEAD_IN_SECONDS = 1;

const MOST_PIECES = 18;
/** Pieces that cost as good as the one before: what is compiled while it runs is so by then. */
const SETTLED_PIECES = 2;
const SETTLED_SHARE = 0.97;

/**
 * Repeats a piece of load until it costs no less than before. Programs that run for weeks are
 * compared: what Go has compiled beforehand takes V8 tens of thousands of pushes, the more code
 * the longer.
 * @param runPiece resolves with what a push has cost
 */
export async function warmUp(runPiece: () => Promise<number>): Promise<void> {
  let least = Number.POSITIVE_INFINITY;
  let settled = 0;
  for (let piece = 0; piece < MOST_PIECES && settled < SETTLED_PIECES; piece += 1) {
    const cost = await runPiece();
    settled = cost < least * SETTLED_SHARE ? 0 : settled + 1;
    least = Math.min(least, cost);
  }
}
