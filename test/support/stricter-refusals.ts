import { SimulatedStore, type StoreOperation } from './store-operations.ts';

/** Refusals that a stock Pushgateway would not have made, of what operations can be refused for. */
const KINDS: readonly {
  /** As `docs/contribute/decisions/0010` says it. */
  readonly kind: string;
  readonly explains: (operation: StoreOperation, stored: SimulatedStore, text: string) => boolean;
}[] = [
  {
    kind: 'a label without a value beside its absence',
    explains: (operation, stored, text) => {
      const after = stored.with(operation);
      const isTwin = after.problem() !== undefined && after.problem('a label') === undefined;
      return isTwin && text.startsWith('inconsistent');
    },
  },
  {
    kind: 'a name that a histogram or summary of the same body takes',
    explains: (operation, _, text) => {
      const alone = new SimulatedStore().with(operation);
      return alone.problem() !== undefined && text.startsWith('body_invalid');
    },
  },
];

/** The kind of a refusal that a stock Pushgateway does not make; undefined if it is of none. */
export function findStricter(
  operation: StoreOperation,
  stored: SimulatedStore,
  text: string,
): string | undefined {
  return KINDS.find(({ explains }) => explains(operation, stored, text))?.kind;
}
