import { compileGlobs } from '../matcher.ts';
import { coversKey, type Ownership, type OwnershipTerm } from './ownership.ts';

/** Who owns what, by terms that can be sent to other gateways. */
export function createOwnership(terms: readonly OwnershipTerm[]): Ownership {
  const owners = terms.map(({ jobs, labels, ...owner }) => ({
    owner,
    jobs: compileGlobs(jobs),
    labels: new Map(labels.map(([name, values]) => [name, compileGlobs(values)])),
  }));
  return {
    terms: () => terms,
    ownerOf: (key) =>
      owners.find(({ jobs, labels }) => coversKey(jobs, (name) => labels.get(name), key))?.owner,
  };
}
