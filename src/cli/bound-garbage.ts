import { setFlagsFromString } from 'node:v8';

/**
 * Lets old garbage become as much as what is in use before it is collected. On a machine with much
 * memory V8 would wait for two to three times that: tens of MiB for one percent of a push. After
 * `giveBackMemory` it would collect several times as often, and a push cost a quarter more.
 */
export function boundGarbage(): void {
  setFlagsFromString('--heap-growing-percent=100');
}
