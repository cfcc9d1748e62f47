import fc from 'fast-check';

/** A push or delete of a test that tries all kinds of conflicts. */
export interface StoreOperation {
  readonly method: 'PUT' | 'POST' | 'DELETE';
  /** Path behind `/metrics/job/`. */
  readonly group: string;
  readonly families: readonly OperationFamily[];
}

export interface OperationFamily {
  readonly name: string;
  /** Undefined for a family without a TYPE line. */
  readonly type: OperationType | undefined;
  readonly labels: Readonly<Record<string, string>>;
}

type OperationType = 'gauge' | 'counter' | 'untyped' | 'histogram' | 'summary';

/** Few names, labels and groups, so that they meet. */
const GROUPS = ['a', 'a/x/1', 'a/y/1', 'a/x/1/y/1', 'a/instance/i', 'b'];
const NAMES = ['m', 'n', 'n_count', 'n_bucket'];
const TYPES = ['gauge', 'gauge', 'counter', 'untyped', undefined, 'histogram', 'summary'] as const;

const labels = fc.record(
  {
    x: fc.constantFrom('1', '2', ''),
    y: fc.constantFrom('1', ''),
    instance: fc.constantFrom('i', ''),
  },
  { requiredKeys: [] },
);

const family: fc.Arbitrary<OperationFamily> = fc.record({
  name: fc.constantFrom(...NAMES),
  type: fc.constantFrom(...TYPES),
  labels,
});

export const operation: fc.Arbitrary<StoreOperation> = fc.record({
  method: fc.constantFrom('PUT', 'PUT', 'POST', 'POST', 'DELETE'),
  group: fc.constantFrom(...GROUPS),
  families: fc.uniqueArray(family, { minLength: 1, maxLength: 3, selector: ({ name }) => name }),
});

/** The body of a push. */
export function renderBody({ families }: Pick<StoreOperation, 'families'>): string {
  return families.map(renderFamily).join('');
}

function renderFamily({ name, type, labels: pairs }: OperationFamily): string {
  const rendered = Object.entries(pairs).map(([label, value]) => `${label}="${value}"`);
  const typeLine = type === undefined ? '' : `# TYPE ${name} ${type}\n`;
  if (type === 'histogram') {
    return `${typeLine}${name}_bucket{${[...rendered, 'le="+Inf"'].join()}} 1\n`;
  }
  return `${typeLine}${name}${type === 'summary' ? '_count' : ''}{${rendered.join()}} 1\n`;
}

/** The same push once families that it leaves untyped have the types with which it was claimed. */
export function withTypes(
  { families, ...rest }: StoreOperation,
  adopted: readonly { readonly name: string; readonly type: string }[],
): StoreOperation {
  const types = new Map(adopted.map(({ name, type }) => [name, type as OperationType])); // of a counter or gauge
  return {
    ...rest,
    families: families.map((one) => ({ ...one, type: types.get(one.name) ?? one.type })),
  };
}

/** What Pushgateway has of a group: families by name. */
type SimulatedGroup = ReadonlyMap<string, OperationFamily>;

/** A Pushgateway without a consistency check, as far as it can become inconsistent. */
export class SimulatedStore {
  readonly groups: ReadonlyMap<string, SimulatedGroup>;

  constructor(groups: ReadonlyMap<string, SimulatedGroup> = new Map()) {
    this.groups = groups;
  }

  /** The store after an operation. */
  with({ method, group, families }: StoreOperation): SimulatedStore {
    const groups = new Map(this.groups);
    const before = method === 'POST' ? (groups.get(group) ?? new Map()) : new Map();
    if (method === 'DELETE') groups.delete(group);
    else
      groups.set(group, new Map([...before, ...families.map((one) => [one.name, one] as const)]));
    return new SimulatedStore(groups);
  }

  /**
   * What no Pushgateway may hold for a scrape to stay whole; undefined if there is nothing.
   * @param empty - what a label without a value is: `absent`, as for Prometheus, or `a label`
   */
  problem(empty: 'absent' | 'a label' = 'absent'): string | undefined {
    const types = new Map<string, string>();
    const series = new Map<string, string>();
    for (const [group, families] of this.groups) {
      for (const { name, type = 'untyped', labels: own } of families.values()) {
        for (const taken of occupied(name, type)) {
          const holder = types.get(taken);
          if (holder !== undefined && holder !== `${name} ${type}`)
            return `${holder}, ${name} ${type}`;
          types.set(taken, `${name} ${type}`);
        }
        const identity = `${name}${identify(group, own, empty)}`;
        if (series.has(identity)) return `${identity} in ${group} and ${series.get(identity)}`;
        series.set(identity, group);
      }
    }
    return undefined;
  }
}

function occupied(name: string, type: string): readonly string[] {
  if (type === 'histogram') return [name, `${name}_bucket`, `${name}_sum`, `${name}_count`];
  return type === 'summary' ? [name, `${name}_sum`, `${name}_count`] : [name];
}

/** The labels as Prometheus has them, or Pushgateway: those of the key win. */
function identify(
  group: string,
  own: Readonly<Record<string, string>>,
  empty: 'absent' | 'a label',
): string {
  const [job = '', ...rest] = group.split('/');
  const pairs = new Map([...Object.entries(own), ['job', job]]);
  for (let at = 0; at < rest.length; at += 2) pairs.set(rest[at] ?? '', rest[at + 1] ?? '');
  // Pushgateway gives every series an instance, an empty one if it has none.
  const isThere = ([name, value]: readonly [string, string]): boolean =>
    value !== '' || (empty === 'a label' && name !== 'instance');
  const rendered = [...pairs].filter(isThere).map((pair) => pair.join('='));
  return `{${rendered.sort().join()}}`;
}
