/** Those who wait for one thing, in the order in which they came. */
export interface WaitingLine<Guest extends { readonly bytes: number }> {
  readonly length: number;
  /** Whether there is room for one more that holds so many bytes while it waits. */
  hasRoom(bytes: number): boolean;
  first(): Guest | undefined;
  add(guest: Guest): void;
  /** Takes somebody out, wherever he stands. */
  remove(guest: Guest): void;
}

/** Bytes that those who wait may hold together. */
const MAX_BYTES = 32 * 1024 * 1024;

/**
 * Creates a line.
 * @param maxLength - read at each call, so that a reload takes effect
 */
export function createWaitingLine<Guest extends { readonly bytes: number }>(
  maxLength: () => number,
): WaitingLine<Guest> {
  const guests = new Set<Guest>();
  let held = 0;
  return {
    get length() {
      return guests.size;
    },
    hasRoom: (bytes) => guests.size < maxLength() && held + bytes <= MAX_BYTES,
    first: () => guests.values().next().value,
    add(guest) {
      guests.add(guest);
      held += guest.bytes;
    },
    remove(guest) {
      if (guests.delete(guest)) held -= guest.bytes;
    },
  };
}
