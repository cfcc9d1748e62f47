/** Calls about a request or a connection, made before there is anybody to take them. */
export interface HeldCalls<About, Detail> {
  /** Passes a call on, or holds it while there is nobody. */
  readonly call: (about: About, detail: Detail) => void;
  /** Passes on what was held, in order, but for what is gone, and everything from now on. */
  release(taker: (about: About, detail: Detail) => void): void;
}

/** Holds calls until they are released. */
export function holdCalls<About extends { readonly destroyed: boolean }, Detail>(): HeldCalls<
  About,
  Detail
> {
  const held: (readonly [About, Detail])[] = [];
  let take = (about: About, detail: Detail): void => void held.push([about, detail]);
  return {
    call: (about, detail) => take(about, detail),
    release(taker) {
      take = taker;
      for (const [about, detail] of held.splice(0)) {
        if (!about.destroyed) take(about, detail);
      }
    },
  };
}
