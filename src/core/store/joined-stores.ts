import type { GroupStore } from './group-store.ts';

/** What there is to see of the model of one store, or of several together. */
export type StoreView = Pick<GroupStore, 'group' | 'groups' | 'totals'>;

const NOTHING = { groups: 0, series: 0, bytes: 0 };

/**
 * Joins the models of several Pushgateways, which share what teams own. A group that two of them
 * have is that of the first.
 */
export function joinStores(stores: readonly StoreView[]): StoreView {
  const [only] = stores;
  if (only !== undefined && stores.length === 1) return only;
  return {
    group(id) {
      for (const store of stores) {
        const group = store.group(id);
        if (group !== undefined) return group;
      }
      return undefined;
    },
    *groups(filter) {
      for (const [index, store] of stores.entries()) {
        const earlier = stores.slice(0, index);
        for (const group of store.groups(filter)) {
          if (earlier.every((other) => other.group(group.id) === undefined)) yield group;
        }
      }
    },
    totals: (team) => only?.totals(team) ?? NOTHING,
  };
}
