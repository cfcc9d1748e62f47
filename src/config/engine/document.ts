import {
  type Document,
  isNode,
  isPair,
  isScalar,
  isSeq,
  LineCounter,
  type Pair,
  parseDocument,
  visit,
  type YAMLError,
  type YAMLMap,
} from 'yaml';
import { createNodeIndex } from './node-index.ts';

/** A parsed file that still knows where everything stands. */
export interface SourceDocument {
  /** Undefined when the file is too broken to go on. */
  readonly data: unknown;
  readonly errors: readonly SourceError[];
  /** Where the value at a path stands, or the nearest one above it that is there. */
  locate(path: readonly PropertyKey[]): Position;
  /** Where a key of the map at a path stands. */
  locateKey(path: readonly PropertyKey[], key: string): Position;
}

interface Position {
  /** From 1. */
  readonly line: number;
  readonly column: number;
}

interface SourceError extends Position {
  /** Of the key that is wrong; empty for the file as a whole. */
  readonly path: readonly PropertyKey[];
  readonly message: string;
}

interface Fault {
  readonly offset: number;
  readonly path?: readonly PropertyKey[];
  readonly message: string;
  /** Whether the data says, in spite of it, what was meant. */
  readonly isLocal: boolean;
}

/** Aliases that may be resolved; a file with more is an attack on the reader. */
const MAX_ALIASES = 100;

const TOO_DEEP = 'nested too deep';

/** Parses YAML 1.2; JSON is YAML. Duplicate keys are errors, and all keys are text. */
export function parseSource(text: string): SourceDocument {
  try {
    return parse(text);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error; // of the stack
    const position = { line: 1, column: 1 };
    return {
      data: undefined,
      errors: [{ ...position, path: [], message: TOO_DEEP }],
      locate: () => position,
      locateKey: () => position,
    };
  }
}

function parse(text: string): SourceDocument {
  const lines = new LineCounter();
  // The library compares each key with all others; here they are looked up, in `findRefused`.
  const options = {
    ...{ lineCounter: lines, prettyErrors: false, stringKeys: true, uniqueKeys: false },
    resolveKnownTags: false, // no bytes, sets or dates: what JSON can say, and nothing else
  };
  const document = parseDocument(text, options);
  const position = (offset: number): Position => {
    const { line, col } = lines.linePos(offset);
    return { line: Math.max(1, line), column: Math.max(1, col) };
  };
  const { findPair, findNode } = createNodeIndex(document);
  const { data, faults } = readData(document);
  return {
    data,
    errors: faults.map(({ offset, path = [], message }) => ({
      ...position(offset),
      path,
      message,
    })),
    locate: (path) => position(findNode(path)?.range?.[0] ?? 0),
    locateKey(path, key) {
      const found = findPair(path, key)?.key;
      const offset = isNode(found) ? found.range?.[0] : undefined;
      return position(offset ?? findNode(path)?.range?.[0] ?? 0);
    },
  };
}

function readData(document: Document): { data: unknown; faults: readonly Fault[] } {
  const { errors, warnings } = document;
  const found = [...errors, ...warnings].map(describe);
  // The library says so wherever its stack ends, once or more.
  const deep = found.find(({ message }) => message === TOO_DEEP);
  if (deep !== undefined) return { data: undefined, faults: [deep] };
  const faults = keepFirst([...found, ...findRefused(document)]);
  if (faults.some(({ isLocal }) => !isLocal)) return { data: undefined, faults };
  try {
    return { data: document.toJS({ maxAliasCount: MAX_ALIASES }), faults };
  } catch {
    const message = `aliases (*name) stand for too much: at most ${MAX_ALIASES} are resolved`;
    return { data: undefined, faults: [...faults, { offset: 0, message, isLocal: false }] };
  }
}

const QUOTE_STAR = 'a value that begins with * needs quotes: "*"';

/** The library's words, or ours where they are about its own interface. */
function describe({ code, message, pos: [offset, end] }: YAMLError): Fault {
  switch (code) {
    case 'BAD_ALIAS':
      return { offset, message: QUOTE_STAR, isLocal: false };
    case 'NON_STRING_KEY':
      return { offset, message: 'a key must be plain text', isLocal: false };
    case 'MULTIPLE_DOCS':
      return { offset, message: 'the file must hold one YAML document', isLocal: false };
    case 'RESOURCE_EXHAUSTION':
    case 'IMPOSSIBLE':
      return { offset: Math.min(offset, end), message: TOO_DEEP, isLocal: false };
    default:
      return { offset, message: lowerFirst(message), isLocal: false };
  }
}

/** What parses and is still refused. */
function findRefused(document: Document): readonly Fault[] {
  const faults: Fault[] = [];
  const anchors = new Set<string | undefined>();
  visit(document, {
    Node(_, node) {
      anchors.add(node.anchor);
    },
    Map(_, map, parents) {
      anchors.add(map.anchor);
      for (const fault of findDuplicates(map, parents)) faults.push(fault);
    },
    Alias(_, alias) {
      if (anchors.has(alias.source)) return;
      const offset = alias.range?.[0] ?? 0;
      const message = `no anchor &${alias.source} stands before this alias; ${QUOTE_STAR}`;
      faults.push({ offset, message, isLocal: false });
    },
    Pair(_, { key }: Pair) {
      // An object made of it would have another prototype instead of another key.
      if (!isScalar(key) || key.value !== '__proto__') return;
      const message = 'a key must not be "__proto__"';
      faults.push({ offset: key.range?.[0] ?? 0, message, isLocal: false });
    },
  });
  return faults;
}

function findDuplicates(map: YAMLMap, parents: readonly unknown[]): readonly Fault[] {
  const seen = new Set<unknown>();
  return map.items.flatMap(({ key }): readonly Fault[] => {
    if (!isScalar(key)) return [];
    const isFirst = !seen.has(key.value);
    seen.add(key.value);
    if (isFirst) return [];
    const path = [...renderParents([...parents, map]), String(key.value)];
    return [{ offset: key.range?.[0] ?? 0, path, message: 'duplicate key', isLocal: true }];
  });
}

function renderParents(nodes: readonly unknown[]): readonly PropertyKey[] {
  return nodes.flatMap((node, depth): readonly PropertyKey[] => {
    if (isPair(node)) return [String(node.key)];
    return isSeq(node) ? [node.items.indexOf(nodes[depth + 1])] : [];
  });
}

/** One fault makes the parser stumble on, often over the same place. */
function keepFirst(faults: readonly Fault[]): readonly Fault[] {
  const byOffset = new Map(faults.toReversed().map((fault) => [fault.offset, fault]));
  return [...byOffset.values()].sort((a, b) => a.offset - b.offset);
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}
