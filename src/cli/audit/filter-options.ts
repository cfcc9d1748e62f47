import { type Command, InvalidArgumentError } from 'commander';
import type { RecordQuestion } from '../../core/audit/history/record-filter.ts';
import { DURATION_PATTERN, parseDuration } from '../../core/units.ts';

const DAY = /^\d{4}-\d\d-\d\d$/;
const INSTANT = /^\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:\d\d)$/;

/** Adds the options by which records are picked. */
export function addFilterOptions(command: Command): Command {
  return command
    .option('--group <target>', 'of one group: /metrics/job/JOB{/LABEL/VALUE}')
    .option('--job <glob>', 'of the jobs that match')
    .option('--team <name>', 'of a team')
    .option('--credential <name>', 'of a credential')
    .option('--reason <reason>', 'refused for it, or what would have been')
    .option('--scheme <scheme>', 'with this kind of credential; none: without one')
    .option('--since <time>', 'from then on: 24h, 7d, 2027-01-31, 2027-01-31T12:00Z', parseMoment)
    .option('--until <time>', 'before then, in the same forms', parseMoment);
}

/** What the options ask for. */
export function toQuestion(options: RecordQuestion): RecordQuestion {
  const { group, job, team, credential, reason, scheme, since, until } = options;
  return {
    ...(group !== undefined && { group }),
    ...(job !== undefined && { job }),
    ...(team !== undefined && { team }),
    ...(credential !== undefined && { credential }),
    ...(reason !== undefined && { reason }),
    ...(scheme !== undefined && { scheme }),
    ...(since !== undefined && { since }),
    ...(until !== undefined && { until }),
  };
}

/** A duration is that long ago; a date is 00:00 UTC of that day. */
export function parseMoment(text: string): string {
  if (DURATION_PATTERN.test(text)) {
    return new Date(Date.now() - parseDuration(text)).toISOString();
  }
  const time = DAY.test(text) || INSTANT.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(time)) {
    throw new InvalidArgumentError('a time looks like 24h, 7d, 2027-01-31 or 2027-01-31T12:00Z');
  }
  return new Date(time).toISOString();
}
