import { randomInt } from 'node:crypto';

/**
 * A loopback address that no other server has, and no client comes from: a port that was closed
 * there can be opened again.
 */
export function ownAddress(): string {
  return `127.${randomInt(1, 255)}.${randomInt(256)}.${randomInt(1, 255)}`;
}
