import { type Deny, deny } from '../decision.ts';

/** Refuses a push of more series than `limit`. */
export function denySeries(limit: number): Deny {
  return deny('too_many_series', {
    detail: `the push has more than ${limit} series`,
    hints: [
      'split it over several groups, or drop labels that make many series',
      'an operator can raise limits.series of the team',
    ],
  });
}
