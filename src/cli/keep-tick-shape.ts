import { executionAsyncResource } from 'node:async_hooks';

/** What Node made of one tick. */
const kept: object[] = [];

/**
 * Keeps the shape that Node gives every `process.nextTick`, of which a push takes about ten. V8
 * forgets a shape that nothing has while it collects its garbage a few times, as in the first
 * reading of a large store; Node's own code would then make each tick by the slow way for ever.
 */
export function keepTickShape(): void {
  process.nextTick(() => {
    kept[0] = executionAsyncResource();
  });
}
