import type { GroupTotals } from '../../src/core/store/group-store.ts';

/** A push or delete of one group, as far as a quota counts it. */
export interface SizedOperation {
  readonly method: 'PUT' | 'POST' | 'DELETE';
  readonly families: readonly SizedFamily[];
}

export interface SizedFamily {
  readonly name: string;
  readonly series: number;
  readonly bytes: number;
}

export type OperationEnd = 'stored' | 'refused' | 'unknown';

/** One of the ways in which it can be. */
interface Way {
  readonly exists: boolean;
  readonly families: ReadonlyMap<string, SizedFamily>;
  /** What has been sent and not been done yet. */
  readonly waiting: ReadonlySet<SizedOperation>;
}

const NOTHING: Way = { exists: false, families: new Map(), waiting: new Set() };

/** A group of a store that does what it is sent in any order: all that can have come of it by now. */
export class PossibleGroup {
  #ways: readonly Way[] = [NOTHING];
  readonly #unknown = new Set<SizedOperation>();

  begin(operation: SizedOperation): void {
    const begun = this.#ways.map((way) => ({
      ...way,
      waiting: new Set([...way.waiting, operation]),
    }));
    this.#ways = reachable(begun);
  }

  /** Whether it can end so: what was seen is stored. */
  canEnd(operation: SizedOperation, end: OperationEnd): boolean {
    return this.#waysTo(operation, end).length > 0;
  }

  end(operation: SizedOperation, end: OperationEnd): void {
    if (end === 'unknown') this.#unknown.add(operation);
    else {
      const ways = this.#waysTo(operation, end);
      this.#ways = reachable(ways.map((way) => without(way, [operation])));
    }
  }

  #waysTo(operation: SizedOperation, end: OperationEnd): readonly Way[] {
    if (end === 'unknown') return this.#ways;
    const isRefused = end === 'refused';
    return this.#ways.filter(({ waiting }) => waiting.has(operation) === isRefused);
  }

  /** It is seen as it is in one of the ways; what is unknown by then never comes any more. */
  see(pick: number): readonly SizedFamily[] | undefined {
    const seen = this.#ways[pick % this.#ways.length];
    if (seen === undefined) return undefined;
    const same = this.#ways.filter((way) => contentOf(way) === contentOf(seen));
    this.#ways = reachable(same.map((way) => without(way, this.#unknown)));
    this.#unknown.clear();
    return seen.exists ? [...seen.families.values()] : undefined;
  }

  /** The most that it can have, or could if one more operation were sent. */
  most(operation?: SizedOperation): GroupTotals {
    if (operation !== undefined) {
      const other = new PossibleGroup();
      other.#ways = this.#ways;
      other.begin(operation);
      return other.most();
    }
    const most = { groups: 0, series: 0, bytes: 0 };
    for (const { exists, families } of this.#ways) {
      const held = [...families.values()];
      most.groups = Math.max(most.groups, exists ? 1 : 0);
      most.series = Math.max(most.series, sumOf(held, 'series'));
      most.bytes = Math.max(most.bytes, sumOf(held, 'bytes'));
    }
    return most;
  }
}

function sumOf(families: readonly SizedFamily[], what: 'series' | 'bytes'): number {
  return families.reduce((sum, family) => sum + family[what], 0);
}

/** All ways to which some lead, those included, each once. */
function reachable(from: readonly Way[]): readonly Way[] {
  const numbers = new Map<SizedOperation, number>();
  const nameOf = (way: Way): string => {
    const waiting = [...way.waiting].map((operation) => {
      const number = numbers.get(operation) ?? numbers.size;
      numbers.set(operation, number);
      return number;
    });
    return `${contentOf(way)} ${waiting.sort().join()}`;
  };
  const ways = new Map<string, Way>();
  const left = [...from];
  for (let way = left.pop(); way !== undefined; way = left.pop()) {
    const name = nameOf(way);
    if (ways.has(name)) continue;
    ways.set(name, way);
    for (const operation of way.waiting) left.push(without(after(way, operation), [operation]));
  }
  return [...ways.values()];
}

function after(way: Way, { method, families }: SizedOperation): Way {
  const kept = method === 'POST' ? way.families : [];
  const pushed = families.map((family) => [family.name, family] as const);
  return { ...way, exists: method !== 'DELETE', families: new Map([...kept, ...pushed]) };
}

function without(way: Way, gone: Iterable<SizedOperation>): Way {
  return { ...way, waiting: way.waiting.difference(new Set(gone)) };
}

function contentOf({ exists, families }: Way): string {
  const held = [...families.values()].map(
    ({ name, series, bytes }) => `${name} ${series} ${bytes}`,
  );
  return `${exists} ${held.sort().join()}`;
}
