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

/** `--timeout`; `usual` is a duration as it is given on the command line. */
export function createTimeoutOption(text: string, usual: string): Option {
  return new Option('--timeout <duration>', text)
    .argParser(parseDurationOption)
    .default(parseDuration(usual), usual);
}

/** `--output`, for commands that print a table. */
export function createOutputOption(): Option {
  return new Option('--output <form>', 'table or json').choices(['table', 'json']).default('table');
}

/** `--output`, for commands that print lines for people. */
export function createTextOutputOption(): Option {
  return new Option('--output <form>', 'text or json').choices(['text', 'json']).default('text');
}
