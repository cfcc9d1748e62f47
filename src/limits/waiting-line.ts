/** One of those who wait. */
interface Guest {
  /** Held while it waits. */
  readonly bytes: number;
  /** Who sent it, among those who take turns. */
  readonly source: string;
}

/** Those who wait for one thing: the sources take turns, each in the order of its arrivals. */
export interface WaitingLine<G extends Guest> {
  readonly length: number;
  /** Sources that somebody waits from. */
  readonly sources: number;
  has(source: string): boolean;
  /** Whether there is room for one more. */
  hasRoom(bytes: number): boolean;
  /** The newest of the source that has most, where it has more than this one would with one more. */
  newestOfLongest(source: string): G | undefined;
  /** The first, in the order of turns, of those who are first of their source. */
  first(mayGo: (guest: G) => boolean): G | undefined;
  add(guest: G): void;
  /** Takes somebody out, wherever he stands. */
  remove(guest: G): void;
  /** Takes out who came to his turn: his source has its next one after the others. */
  serve(guest: G): void;
}

/** Bytes that those who wait may hold together. */
const MAX_BYTES = 32 * 1024 * 1024;

/**
 * Creates a line.
 * @param maxLength - read at each call, so that a reload takes effect
 */
export function createWaitingLine<G extends Guest>(maxLength: () => number): WaitingLine<G> {
  // In the order of their turns.
  const lines = new Map<string, Set<G>>();
  let length = 0;
  let held = 0;
  const remove = (guest: G): void => {
    const line = lines.get(guest.source);
    if (line?.delete(guest) !== true) return;
    if (line.size === 0) lines.delete(guest.source);
    length -= 1;
    held -= guest.bytes;
  };
  return {
    get length() {
      return length;
    },
    get sources() {
      return lines.size;
    },
    has: (source) => lines.has(source),
    hasRoom: (bytes) => length < maxLength() && held + bytes <= MAX_BYTES,
    newestOfLongest(source) {
      let longest = lines.get(source);
      const own = (longest?.size ?? 0) + 1;
      for (const line of lines.values()) if (line.size > (longest?.size ?? 0)) longest = line;
      return longest !== undefined && longest.size > own ? [...longest].at(-1) : undefined;
    },
    first(mayGo) {
      for (const line of lines.values()) {
        for (const guest of line) {
          if (mayGo(guest)) return guest;
          break;
        }
      }
      return undefined;
    },
    add(guest) {
      const line = lines.get(guest.source);
      if (line === undefined) lines.set(guest.source, new Set([guest]));
      else line.add(guest);
      length += 1;
      held += guest.bytes;
    },
    remove,
    serve(guest) {
      remove(guest);
      const line = lines.get(guest.source);
      if (line === undefined) return;
      lines.delete(guest.source);
      lines.set(guest.source, line);
    },
  };
}
