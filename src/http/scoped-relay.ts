import { Transform } from 'node:stream';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { createGzip } from 'node:zlib';
import type { Deny } from '../core/decision.ts';
import type { ReadScope } from '../core/policy/read-scope.ts';
import type { UpstreamReadPath } from '../core/request/endpoint.ts';
import { createListingFilter } from '../core/scrape/listing-filter.ts';
import { createProtobufFilter } from '../core/scrape/protobuf-filter.ts';
import type { ScrapeFilter } from '../core/scrape/scrape-filter.ts';
import { createTextFilter } from '../core/scrape/text-filter.ts';

/** Formats of which a part can be taken. */
const FORMATS: readonly {
  readonly path: UpstreamReadPath;
  readonly type: RegExp;
  readonly create: (scope: ReadScope) => ScrapeFilter;
}[] = [
  { path: '/metrics', type: /^text\/plain; ?version=0\.0\.4\b/, create: createTextFilter },
  {
    path: '/metrics',
    type: /^application\/vnd\.google\.protobuf;.*\bencoding=delimited\b/,
    create: createProtobufFilter,
  },
  { path: '/api/v1/metrics', type: /^application\/json\b/, create: createListingFilter },
];

/** What of an answer of the upstream a team gets; undefined for a format of which it gets nothing. */
export function createScopedFilter(
  path: UpstreamReadPath,
  contentType: string | undefined,
  scope: ReadScope,
): ScrapeFilter | undefined {
  const format = FORMATS.find((one) => one.path === path && one.type.test(contentType ?? ''));
  return format?.create(scope);
}

/** Bytes that are filtered before others have their turn: a millisecond or so. */
const SLICE_BYTES = 16 * 1024;

/** Streams through a filter; what it refuses is told to `onRefusal` and ends the stream. */
export function createFilterStream(
  filter: ScrapeFilter,
  onRefusal: (refusal: Deny) => void,
): Transform {
  const refuse = (refusal: Deny): Error => {
    onRefusal(refusal);
    return new Error(refusal.internal);
  };
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      filterSlices(filter, chunk, (kept) => this.push(kept)).then(
        (refusal) => done(refusal && refuse(refusal)),
        done,
      );
    },
    flush(done) {
      const last = filter.end();
      if (last.effect === 'deny') done(refuse(last));
      else done(null, last.value);
    },
  });
}

/** Resolves with the refusal that ended it. */
async function filterSlices(
  filter: ScrapeFilter,
  chunk: Buffer,
  onKept: (kept: Buffer) => void,
): Promise<Deny | undefined> {
  for (let at = 0; at < chunk.length; at += SLICE_BYTES) {
    if (at > 0) await nextTurn();
    const kept = filter.add(chunk.subarray(at, at + SLICE_BYTES));
    if (kept.effect === 'deny') return kept;
    if (kept.value.length > 0) onKept(kept.value);
  }
  return undefined;
}

/** Whether the caller takes gzip. */
export function acceptsGzip(acceptEncoding: string | undefined): boolean {
  const codings = (acceptEncoding ?? '').toLowerCase().split(',');
  return codings.some((coding) =>
    /^\s*gzip\s*(?:;\s*q=(?!0(?:\.0*)?\s*$)[\d.]+\s*)?$/.test(coding),
  );
}

/** Compresses fast: a scrape is compressed anew each time. */
export function createCompression(): Transform {
  return createGzip({ level: 1 });
}
