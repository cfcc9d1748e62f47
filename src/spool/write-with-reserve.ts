import type { ReserveFile } from '../disk/reserve-file.ts';
import { FullError, isFull } from './disk-problem.ts';
import type { DiskChange, SpoolFile } from './spool-file.ts';

/**
 * Writes changes, all or none. When the disk is full nothing new is taken any more, and the space put
 * aside lets what waits be sent and removed: a full disk does not hold up what would empty it.
 */
export function writeWithReserve(
  file: Pick<SpoolFile, 'write'>,
  reserve: Pick<ReserveFile, 'isHeld' | 'refill' | 'release'>,
  changes: readonly DiskChange[],
): void {
  const isMore = changes.some(bringsMore);
  if (isMore) {
    reserve.refill();
    if (!reserve.isHeld) throw new FullError();
  }
  try {
    file.write(changes);
  } catch (error) {
    if (isMore || !isFull(error) || !reserve.release()) throw error;
    file.write(changes);
  }
}

function bringsMore({ written, isTrial }: DiskChange): boolean {
  return isTrial === true || written.some(({ body }) => body !== undefined);
}
