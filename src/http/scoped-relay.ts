import type { Transform } from 'node:stream';
import { createGzip } from 'node:zlib';
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
