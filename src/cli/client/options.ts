import { InvalidArgumentError, Option } from 'commander';
import { parseDuration } from '../../core/units.ts';

/** Parses a duration such as `30s`, in milliseconds. */
export function parseDurationOption(text: string): number {
  try {
    return parseDuration(text);
  } catch {
    throw new InvalidArgumentError('must be a duration such as 30s, 5m, 24h or 7d');
  }
}

/** `--output`, for commands that print a table. */
export function createOutputOption(): Option {
  return new Option('--output <form>', 'table or json').choices(['table', 'json']).default('table');
}
