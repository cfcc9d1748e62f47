import { InvalidArgumentError } from 'commander';
import type { listenAddress } from '../config/sections/listen.ts';
import { NAME_PATTERN, NAME_WORDS } from '../core/configured-name.ts';

/**
 * Creates the parser of an option whose value goes into a configuration: it takes what the
 * configuration takes there, and says of anything else what is wrong with it.
 */
export function createConfigOption(type: typeof listenAddress) {
  return (text: string): string => {
    const parsed = type.safeParse(text);
    if (parsed.success) return parsed.data;
    throw new InvalidArgumentError(parsed.error.issues.map(({ message }) => message).join(', '));
  };
}

/** Parses an option whose value is a name; the gateway loads nothing of a configuration for it. */
export function parseName(text: string): string {
  if (NAME_PATTERN.test(text)) return text;
  throw new InvalidArgumentError(NAME_WORDS);
}
