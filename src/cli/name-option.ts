import { InvalidArgumentError } from 'commander';
import { NAME_PATTERN, NAME_WORDS } from '../core/configured-name.ts';

/** Parses an option whose value is a name; nothing of a configuration is loaded for it. */
export function parseName(text: string): string {
  if (NAME_PATTERN.test(text)) return text;
  throw new InvalidArgumentError(NAME_WORDS);
}
