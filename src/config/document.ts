import {
  type Document,
  isMap,
  isNode,
  isScalar,
  LineCounter,
  type Node,
  parseDocument,
  type YAMLError,
} from 'yaml';

/** A parsed file that still knows where everything stands. */
export interface SourceDocument {
  readonly data: unknown;
  readonly errors: readonly SourceError[];
  /** Where the value at a path stands, or the nearest one above it that is there. */
  locate(path: readonly PropertyKey[]): Position;
  /** Where a key of the map at a path stands. */
  locateKey(path: readonly PropertyKey[], key: string): Position;
}

export interface Position {
  /** From 1. */
  readonly line: number;
  readonly column: number;
}

interface SourceError extends Position {
  readonly message: string;
}

/** Aliases that may be resolved; a file with more is an attack on the reader. */
const MAX_ALIASES = 100;

/** Parses YAML 1.2; JSON is YAML. Duplicate keys are errors. */
export function parseSource(text: string): SourceDocument {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const position = (offset: number): Position => {
    const { line, col } = lines.linePos(offset);
    return { line: Math.max(1, line), column: Math.max(1, col) };
  };
  const nodeAt = (path: readonly PropertyKey[]): Node | undefined => {
    for (let length = path.length; length >= 0; length -= 1) {
      const node = document.getIn(path.slice(0, length), true);
      if (isNode(node) && node.range) return node;
    }
    return undefined;
  };
  return {
    ...readData(document, position),
    locate: (path) => position(nodeAt(path)?.range?.[0] ?? 0),
    locateKey(path, key) {
      const map = document.getIn(path, true);
      const found = isMap(map)
        ? map.items.find((item) => isScalar(item.key) && String(item.key.value) === key)
        : undefined;
      const offset = isNode(found?.key) ? found.key.range?.[0] : undefined;
      return position(offset ?? nodeAt(path)?.range?.[0] ?? 0);
    },
  };
}

function readData(
  document: Document,
  position: (offset: number) => Position,
): Pick<SourceDocument, 'data' | 'errors'> {
  const errors = [...document.errors, ...document.warnings].map((error: YAMLError) => ({
    ...position(error.pos[0]),
    message: lowerFirst(error.message),
  }));
  if (errors.length > 0) return { data: undefined, errors };
  try {
    return { data: document.toJS({ maxAliasCount: MAX_ALIASES }), errors };
  } catch (error) {
    const message = error instanceof Error ? lowerFirst(error.message) : String(error);
    return { data: undefined, errors: [{ ...position(0), message }] };
  }
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}
