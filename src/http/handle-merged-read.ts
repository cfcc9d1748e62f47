import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { type Deny, deny } from '../core/decision.ts';
import type { ReadScope } from '../core/policy/read-scope.ts';
import type { FamilySplitter, FamilyWriter } from '../core/scrape/merge/family-piece.ts';
import { mergeFamilies } from '../core/scrape/merge/merge-families.ts';
import { mergeListings } from '../core/scrape/merge/merge-listings.ts';
import {
  createProtobufSplitter,
  createProtobufWriter,
} from '../core/scrape/merge/protobuf-families.ts';
import { createTextSplitter, createTextWriter } from '../core/scrape/merge/text-families.ts';
import type { ReadAnswer, ScrapePart, UpstreamRead } from '../pipeline/ports/upstream.ts';
import type { Clock } from '../pipeline/ports.ts';
import { type OpenPart, openPart } from './merged-part.ts';
import { createFamilySource } from './merged-source.ts';
import { renderReadHeaders } from './read-headers.ts';
import { exchangeOf } from './receive.ts';
import { acceptsGzip, createCompression } from './scoped-relay.ts';

interface MergedReadOptions {
  readonly clock: Clock;
  /** Told of a family that a part has with another type than the parts before it. */
  readonly onOtherType: (part: string, family: string) => void;
}

/** Answers a read with what several Pushgateways have. */
export type MergedRead = (
  parts: readonly ScrapePart[],
  read: UpstreamRead,
  answer: ReadAnswer,
) => Promise<void>;

/** Forms in which scrapes can be joined. */
const FORMATS: readonly {
  readonly type: RegExp;
  readonly split: (scope: ReadScope) => FamilySplitter;
  readonly createWriter: () => FamilyWriter;
}[] = [
  {
    type: /^text\/plain; ?version=0\.0\.4\b/,
    split: createTextSplitter,
    createWriter: createTextWriter,
  },
  {
    type: /^application\/vnd\.google\.protobuf;.*\bencoding=delimited\b/,
    split: createProtobufSplitter,
    createWriter: createProtobufWriter,
  },
];

/** Reads at once: each holds a family and some connections. */
const MOST_READS = 64;

/**
 * Creates the reads that join several Pushgateways: family by family as they come in, so that no more
 * than one is held. A part that fails is left out, and told so; only when all do is it a refusal.
 */
export function createMergedRead({ clock, onOtherType }: MergedReadOptions): MergedRead {
  let underWay = 0;
  return async (parts, read, answer) => {
    const { req, res } = exchangeOf(answer.request);
    if (underWay >= MOST_READS) {
      answer.refuse(deny('overloaded', { internal: 'too many reads of all upstreams' }));
      return;
    }
    underWay += 1;
    const leftMs = Math.max(0, read.deadline - clock.monotonic());
    const deadline = setTimeout(
      () => answer.refuse(deny('upstream_timeout', 'Pushgateway did not answer in time')),
      leftMs,
    );
    let open: readonly (OpenPart & Named)[] = [];
    try {
      const isCompressed = acceptsGzip(req.headers['accept-encoding']?.toString());
      const { accept = '' } = renderReadHeaders(req.headers, undefined, false);
      const asked = await openAll(parts, { path: read.path, accept, leftMs });
      open = asked.open;
      const [first] = open;
      if (res.closed || res.headersSent) return;
      if (first === undefined) {
        answer.refuse(asked.refusal);
        return;
      }
      res.writeHead(200, {
        'content-type': open.find(isEscaped)?.contentType ?? first.contentType,
        vary: 'Accept, Accept-Encoding',
        ...(isCompressed && { 'content-encoding': 'gzip' }),
        ...answer.headers,
      });
      const joined = Readable.from(inBlocks(joinParts(open, read, onOtherType)));
      if (isCompressed) await pipeline(joined, createCompression(), res);
      else await pipeline(joined, res);
    } catch {
      res.destroy(); // the caller has left, or the deadline has passed
    } finally {
      for (const part of open) part.close();
      clearTimeout(deadline);
      underWay -= 1;
    }
  };
}

interface Named {
  readonly name: string;
}

/** The parts of which there is something, in their order; why there is none. */
async function openAll(parts: readonly ScrapePart[], read: Parameters<typeof openPart>[1]) {
  let refusal: Deny = deny('upstream_unreachable');
  const asked = await Promise.all(
    parts.map(async (part) => {
      const onLeftOut = (why: Deny): void => {
        refusal = why;
        part.onLeftOut(why);
      };
      const open = await openPart({ ...part, onLeftOut }, read);
      return open && { ...open, name: part.name };
    }),
  );
  const open = asked.filter((part) => part !== undefined);
  const understood = open.filter((part) => isUnderstood(part, open, read.path));
  for (const part of open) {
    if (understood.includes(part)) continue;
    part.fail(deny('upstream_invalid', { internal: `it cannot be joined: ${part.contentType}` }));
  }
  return { open: understood, refusal };
}

/** Whether it can be joined with the first that can be joined at all. */
function isUnderstood(part: OpenPart, all: readonly OpenPart[], path: UpstreamRead['path']) {
  if (path !== '/metrics') return /^application\/json\b/.test(part.contentType);
  const first = all.map(formatOf).find((format) => format !== undefined);
  return first !== undefined && formatOf(part) === first;
}

function formatOf({ contentType }: OpenPart) {
  return FORMATS.find(({ type }) => type.test(contentType));
}

/** Where names of all characters may be. */
function isEscaped({ contentType }: OpenPart): boolean {
  return contentType.includes('escaping=');
}

function joinParts(
  parts: readonly (OpenPart & Named)[],
  { path, scope }: UpstreamRead,
  onOtherType: MergedReadOptions['onOtherType'],
): AsyncIterable<string | Buffer> {
  const format = parts[0] && formatOf(parts[0]);
  if (path !== '/metrics' || format === undefined) return mergeListings(parts, scope);
  const sources = parts.map((part) => createFamilySource(part, format.split(scope)));
  return mergeFamilies(sources, {
    writer: format.createWriter(),
    onOtherType: (source, family) => {
      const part = parts[sources.indexOf(source)];
      if (part !== undefined) onOtherType(part.name, family);
    },
  });
}

const BLOCK_CHARACTERS = 16 * 1024;

/** Many small families go out together. */
async function* inBlocks(pieces: AsyncIterable<string | Buffer>): AsyncGenerator<Buffer> {
  let block = '';
  for await (const piece of pieces) {
    block += typeof piece === 'string' ? piece : piece.toString('latin1');
    if (block.length < BLOCK_CHARACTERS) continue;
    yield Buffer.from(block, 'latin1');
    block = '';
  }
  yield Buffer.from(block, 'latin1');
}
