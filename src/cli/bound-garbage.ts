import { setFlagsFromString } from 'node:v8';

/**
 * Lets old garbage become as much as what is in use before it is collected. On a machine with much
 * memory V8 would wait for twice to three times that: tens of MiB for one percent of a push.
 */
export function boundGarbage(): void {
  setFlagsFromString('--heap-growing-percent=100');
}
