import { allow, type Decision, deny } from '../core/decision.ts';
import { renderQuoted } from '../core/printable.ts';
import type { GroupingKey } from '../core/target/grouping-key.ts';
import type { PushTarget } from '../core/target/push-target.ts';
import { parseStoredFamilies, type StoredFamily, withGroupingLabels } from './stored-family.ts';

/** What was pushed under one grouping key. */
export interface StoredGroup {
  readonly key: GroupingKey;
  readonly families: ReadonlyMap<string, StoredFamily>;
  /** Seconds since the epoch; 0: never. */
  readonly pushedAt: number;
  readonly failedAt: number;
}

/** Groups in memory, which follow Pushgateway's rules of PUT, POST and DELETE. */
export interface StoreGroups {
  list(): readonly StoredGroup[];
  /** Replaces the group, or only the families that are in the body. Ends in `body_invalid`. */
  push(method: 'PUT' | 'POST', target: PushTarget, body: Uint8Array): Decision<undefined>;
  remove(target: PushTarget): void;
}

/** Starts without any group. @param now - milliseconds since the epoch */
export function createStoreGroups(now: () => number): StoreGroups {
  const groups = new Map<string, StoredGroup>();

  const findConflict = (
    families: readonly StoredFamily[],
    canonical: string,
  ): string | undefined => {
    const others = [...groups].filter(([other]) => other !== canonical);
    const stored = others.flatMap(([, group]) => [...group.families.values()]);
    const types = new Map(stored.map(({ name, type }) => [name, type]));
    const conflict = families.find(({ name, type }) => (types.get(name) ?? type) !== type);
    return conflict && `${renderQuoted(conflict.name)} is a ${types.get(conflict.name)}`;
  };

  return {
    list: () => [...groups.values()],
    push(method, { key, canonical }, body) {
      const parsed = parseStoredFamilies(body, key);
      if (parsed.effect === 'deny') return parsed;
      const before = groups.get(canonical) ?? {
        key,
        families: new Map(),
        pushedAt: 0,
        failedAt: 0,
      };
      const conflict = findConflict(parsed.value, canonical);
      if (conflict !== undefined) {
        groups.set(canonical, { ...before, failedAt: now() / 1000 });
        return deny('body_invalid', `inconsistent with existing metrics: ${conflict}`);
      }
      const pushed = new Map(parsed.value.map((family) => [family.name, family]));
      const families = method === 'PUT' ? pushed : new Map([...before.families, ...pushed]);
      groups.set(canonical, { ...before, families, pushedAt: now() / 1000 });
      return allow(undefined);
    },
    remove: ({ canonical }) => void groups.delete(canonical),
  };
}

/** The families of a group, with the two time stamps that Pushgateway adds. */
export function listFamilies({ key, families, pushedAt, failedAt }: StoredGroup) {
  const labels = withGroupingLabels([], key);
  const stamp = (name: string, verb: string, seconds: number): StoredFamily => ({
    name,
    type: 'gauge',
    help: `Last Unix time when changing this group in the Pushgateway ${verb}.`,
    samples: [{ name, labels, value: String(seconds) }],
  });
  return [
    ...families.values(),
    stamp('push_time_seconds', 'succeeded', pushedAt),
    stamp('push_failure_time_seconds', 'failed', failedAt),
  ];
}
