import { type Document, isMap, isNode, isScalar, isSeq, type Node, type Pair } from 'yaml';

/** Finds nodes of a document by their paths. */
interface NodeIndex {
  /** The node at a path, or the nearest one above it that stands somewhere. */
  findNode(path: readonly PropertyKey[]): Node | undefined;
  /** The pair with a key in the map at a path. */
  findPair(path: readonly PropertyKey[], key: string): Pair | undefined;
}

/** Indexes the maps of a document as they are asked for: the library looks through all keys. */
export function createNodeIndex(document: Document): NodeIndex {
  const indexes = new WeakMap<object, ReadonlyMap<unknown, Pair>>();
  const pairOf = (node: unknown, key: PropertyKey): Pair | undefined => {
    if (!isMap(node)) return undefined;
    const known = indexes.get(node);
    const index = known ?? indexPairs(node.items);
    if (known === undefined) indexes.set(node, index);
    return index.get(String(key));
  };
  const step = (node: unknown, key: PropertyKey): unknown =>
    isSeq(node) ? node.items[Number(key)] : pairOf(node, key)?.value;
  return {
    findNode(path) {
      let [node, nearest]: [unknown, Node | undefined] = [document.contents, undefined];
      for (const key of [...path, undefined]) {
        if (isNode(node) && node.range) nearest = node;
        node = key === undefined ? undefined : step(node, key);
      }
      return nearest;
    },
    findPair(path, key) {
      return pairOf(path.reduce<unknown>(step, document.contents), key);
    },
  };
}

/** The first of those that have the same key counts. */
function indexPairs(pairs: readonly Pair[]): ReadonlyMap<unknown, Pair> {
  return new Map(pairs.toReversed().map((pair) => [keyOf(pair), pair]));
}

function keyOf({ key }: Pair): unknown {
  return isScalar(key) ? key.value : undefined;
}
