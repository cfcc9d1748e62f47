/** Takes what is to be sent; what is added within one turn of the event loop goes together. */
export interface TurnBatch<Item> {
  add(item: Item): void;
}

/**
 * One command for many costs the server and the gateway little more than one for each of them, and a
 * gateway with much to do has many at once.
 * @param send - given what has come together, in the order in which it came
 */
export function createTurnBatch<Item>(
  most: number,
  send: (items: readonly Item[]) => void,
): TurnBatch<Item> {
  let gathered: Item[] = [];
  const flush = (): void => {
    const items = gathered;
    gathered = [];
    for (let at = 0; at < items.length; at += most) send(items.slice(at, at + most));
  };
  return {
    add(item) {
      if (gathered.length === 0) setImmediate(flush);
      gathered.push(item);
    },
  };
}
