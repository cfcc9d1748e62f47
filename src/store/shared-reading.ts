import { GatewayError } from '../core/errors.ts';
import type { StoreReading } from '../core/store/group-store.ts';
import type { OperationBody } from '../core/store/replica/operation.ts';
import type { SubmitResult } from './shared-group-store.ts';

interface SharedReadingOptions {
  readonly submit: (body: OperationBody) => Promise<SubmitResult>;
  /** Submits until it is heard: as long as this one reads, nobody else can. */
  readonly tell: (body: OperationBody) => Promise<void>;
  /** Waits a moment for others. */
  readonly whenChanged: () => Promise<void>;
}

/** Reads into the model of all gateways: one reading at a time, whoever reads. */
export function createSharedReading({
  submit,
  tell,
  whenChanged,
}: SharedReadingOptions): StoreReading {
  let isOver = false;
  const begin = async (): Promise<number> => {
    for (;;) {
      const { kind, request } = await submit({ kind: 'read' });
      if (kind === 'done') return request;
      if (kind === 'lost' || isOver) throw unavailable();
      await whenChanged();
    }
  };
  const begun = begin();
  begun.catch(() => undefined); // told to who waits for it
  const go = async (body: (reading: number) => OperationBody) => {
    const result = await submit(body(await begun));
    if (result.kind === 'lost' || result.kind === 'again') throw unavailable();
    return result;
  };
  return {
    begun: async () => void (await begun),
    add: async (groups) => void (await go((reading) => ({ kind: 'add', reading, groups }))),
    restart: () => void go((reading) => ({ kind: 'restart', reading })).catch(() => undefined),
    async finish(contents) {
      const result = await go((reading) => ({ kind: 'finish', reading, contents }));
      isOver = true;
      return result.kind === 'read' ? result.changes : undefined;
    },
    [Symbol.dispose]() {
      if (isOver) return;
      isOver = true;
      void begun.then((reading) => tell({ kind: 'stop', reading })).catch(() => undefined);
    },
  };
}

function unavailable(): GatewayError {
  return new GatewayError('ERR_STATE_UNAVAILABLE', 'what the store holds cannot be told to others');
}
