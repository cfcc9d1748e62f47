import { compileGlobs } from '../matcher.ts';
import type { Ownership, OwnershipTerm } from './ownership.ts';

/** Who owns what, by terms that can be sent to other gateways. */
export function createOwnership(terms: readonly OwnershipTerm[]): Ownership {
  const owners = terms.map(({ jobs, labels, ...owner }) => ({
    owner,
    jobs: compileGlobs(jobs),
    labels: new Map(labels.map(([name, values]) => [name, compileGlobs(values)])),
  }));
  return {
    terms: () => terms,
    ownerOf: ({ job, labels }) =>
      owners.find(
        (one) =>
          one.jobs.matches(job) &&
          labels.every(({ name, value }) => one.labels.get(name)?.matches(value) ?? true),
      )?.owner,
  };
}
