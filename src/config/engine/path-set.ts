type Path = readonly PropertyKey[];

/** Paths of a document, asked for by what stands above and below them. */
export interface PathSet {
  add(paths: readonly Path[]): void;
  /** Whether one of them is the path or above it. */
  covers(path: Path): boolean;
  /** Whether one of them is the path or below it. */
  reachesInto(path: Path): boolean;
}

/** Creates an empty set; asking it takes as long as the path is deep, however many it has. */
export function createPathSet(): PathSet {
  const members = new Set<string>();
  const above = new Set<string>();
  return {
    add(paths) {
      for (const path of paths) {
        members.add(keyOf(path));
        for (const start of startsOf(path)) above.add(keyOf(start));
      }
    },
    covers: (path) => startsOf(path).some((start) => members.has(keyOf(start))),
    reachesInto: (path) => above.has(keyOf(path)),
  };
}

/** The path itself and all above it, the root included. */
function startsOf(path: Path): readonly Path[] {
  return Array.from({ length: path.length + 1 }, (_, length) => path.slice(0, length));
}

function keyOf(path: Path): string {
  return JSON.stringify(path.map(String));
}
