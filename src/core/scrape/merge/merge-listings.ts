import type { Deny } from '../../decision.ts';
import type { ReadScope } from '../../policy/read-scope.ts';
import { createListingFilter, LISTING_HEAD } from '../listing-filter.ts';

/** What one Pushgateway answers to `GET /api/v1/metrics`. */
interface ListingSource {
  /** The next bytes; undefined at the end. Never rejects. */
  read(): Promise<Uint8Array | undefined>;
  /** Told when it is not understood: nothing more of it is read. */
  fail(refusal: Deny): void;
}

/** Joins listings into one, of which it holds one group at a time; what it yields goes out. */
export async function* mergeListings(
  sources: readonly ListingSource[],
  scope: ReadScope,
): AsyncGenerator<Buffer> {
  yield Buffer.from(LISTING_HEAD);
  let isFirst = true;
  for (const source of sources) {
    let isBegun = false;
    for await (const groups of groupsOf(source, scope)) {
      if (!isFirst && !isBegun) yield Buffer.from(',');
      yield groups; // with a comma in front of each but its first
      isFirst = false;
      isBegun = true;
    }
  }
  yield Buffer.from(']}');
}

async function* groupsOf(source: ListingSource, scope: ReadScope): AsyncGenerator<Buffer> {
  const filter = createListingFilter(scope);
  let hasHead = false;
  for (let chunk = await source.read(); chunk !== undefined; chunk = await source.read()) {
    const kept: Buffer[] = [];
    const added = filter.add(chunk, (bytes, start, end) => kept.push(bytes.subarray(start, end)));
    if (added.effect === 'deny') {
      source.fail(added);
      return;
    }
    for (const part of kept) {
      const groups = hasHead ? part : part.subarray(LISTING_HEAD.length);
      hasHead = true;
      if (groups.length > 0) yield groups;
    }
  }
  const end = filter.end(() => {});
  if (end.effect === 'deny') source.fail(end);
}
