import { type SpooledRequest, sizeOfEntry } from '../../../src/core/spool/spool-entry.ts';

/** A push to be kept, of a body of 100 bytes. */
export function request(
  method: SpooledRequest['method'],
  { group = '/metrics/job/a', families = ['f'], at = 1000, id = 'r' } = {},
): SpooledRequest {
  const names = method === 'DELETE' ? [] : families;
  return {
    ...{ group, method, families: names, at, requestId: id },
    mediaType: 'text',
    team: 't',
    credential: 'c',
    bytes: sizeOfEntry(100, names),
  };
}
