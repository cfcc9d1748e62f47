import { type StoreStand, testGroupStore } from '../../conformance/group-store.ts';
import { createSlicingStore, createStore } from '../../support/group-push.ts';

const standOf = (store: StoreStand['store']): StoreStand => ({ store, settled: async () => {} });

testGroupStore({ kind: 'memory, at once', create: () => standOf(createStore()), share: 1 });
testGroupStore({
  kind: 'memory, in slices',
  create: () => standOf(createSlicingStore()),
  share: 0.25,
});
