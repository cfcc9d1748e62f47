import { InvalidArgumentError } from 'commander';
import type { name } from '../config/engine/values.ts';
import type { listenAddress } from '../config/sections/listen.ts';

/**
 * Creates the parser of an option whose value goes into a configuration: it takes what the
 * configuration takes there, and says of anything else what is wrong with it.
 */
export function createConfigOption(type: typeof listenAddress | typeof name) {
  return (text: string): string => {
    const parsed = type.safeParse(text);
    if (parsed.success) return parsed.data;
    throw new InvalidArgumentError(parsed.error.issues.map(({ message }) => message).join(', '));
  };
}
