/** A branch for each value of a label, and at the end of a path of values its series. */
interface Node<Series> {
  readonly branches: Map<string, Node<Series>>;
  series: Series | undefined;
}

/**
 * The series of a metric with labels, found by the values of these. A push counts in a dozen: they
 * are found by maps, as a text of all values, made up each time, costs more than to count.
 */
export class Family<Series, Values extends readonly string[] = readonly string[]> {
  readonly #create: () => Series;
  readonly #root: Node<Series> = createNode();

  constructor(create: () => Series) {
    this.#create = create;
  }

  /** The series with these values, in the order of the metric's labels; from now on there is one. */
  labels(...values: Values): Series {
    let node = this.#root;
    for (const value of values) {
      let next = node.branches.get(value);
      if (next === undefined) {
        next = createNode();
        node.branches.set(value, next);
      }
      node = next;
    }
    node.series ??= this.#create();
    return node.series;
  }

  has(...values: Values): boolean {
    return this.#find(values)?.series !== undefined;
  }

  remove(...values: Values): void {
    const node = this.#find(values);
    if (node !== undefined) node.series = undefined;
  }

  /** Forgets every series. */
  reset(): void {
    this.#root.branches.clear();
  }

  /** Every series with its values. */
  entries(): Iterable<readonly [values: readonly string[], series: Series]> {
    return walk(this.#root, []);
  }

  #find(values: readonly string[]): Node<Series> | undefined {
    let node: Node<Series> | undefined = this.#root;
    for (const value of values) node = node?.branches.get(value);
    return node;
  }
}

function createNode<Series>(): Node<Series> {
  return { branches: new Map(), series: undefined };
}

function* walk<Series>(
  { branches, series }: Node<Series>,
  values: readonly string[],
): Generator<readonly [readonly string[], Series]> {
  if (series !== undefined) yield [values, series];
  for (const [value, node] of branches) yield* walk(node, [...values, value]);
}
