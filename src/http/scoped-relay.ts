import { Transform, type TransformCallback } from 'node:stream';
import { createGzip } from 'node:zlib';
import type { Decision, Deny } from '../core/decision.ts';
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

/** Streams through a filter; what it refuses is told to `onRefusal` and ends the stream. */
export function createFilterStream(
  filter: ScrapeFilter,
  onRefusal: (refusal: Deny) => void,
): Transform {
  const pass = (kept: Decision<Buffer>, done: TransformCallback): void => {
    if (kept.effect === 'allow') {
      done(null, kept.value);
      return;
    }
    onRefusal(kept);
    done(new Error(kept.internal));
  };
  return new Transform({
    transform: (chunk: Buffer, _encoding, done) => pass(filter.add(chunk), done),
    flush: (done) => pass(filter.end(), done),
  });
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
