import type { IncomingMessage } from 'node:http';
import { CONTENT_TYPES } from '../core/exposition/media-type.ts';
import { parseProtobufExposition } from '../core/exposition/protobuf/protobuf-exposition.ts';
import { SCRAPE_SCOPE } from '../core/exposition/push-content.ts';
import type { GroupContent } from '../core/store/group-content.ts';
import type { ReadGroup } from '../core/store/group-store.ts';
import { createListedBody } from '../core/store/listed-body.ts';
import { createListingScanner, UndecidedHistogram } from '../core/store/listing-scanner.ts';
import { findOddHistograms } from '../core/store/mixed-histograms.ts';
import { createScrapeScanner, type Scrape } from '../core/store/scrape-scanner.ts';
import {
  createStampMemory,
  type StampChanges,
  type StampMemory,
} from '../core/store/stamp-memory.ts';
import { findSuspectGroups, type SuspectGroup } from '../core/store/suspect-groups.ts';
import { openAnswer, type ReadingOptions } from './open-answer.ts';
import { type ContentsJob, readContents } from './read-contents.ts';

/** What the thread is asked for. */
export type ReadingJob =
  /** @param bodyBytes - asks for the body of each group too, cut when it is longer */
  | { readonly kind: 'groups'; readonly bodyBytes?: number }
  | { readonly kind: 'scrape' }
  /** Scrapes too, and tells whose time stamps are other ones than at the last look. */
  | { readonly kind: 'look' }
  | { readonly kind: 'suspects'; readonly error: string }
  | ContentsJob;

/** A part of what it found; small, so that nobody waits for it. */
export type ReadingPart =
  | { readonly kind: 'groups'; readonly groups: readonly ListedContent[] }
  /** What came so far does not count: all of it comes again. */
  | { readonly kind: 'again' }
  | { readonly kind: 'stamps'; readonly changes: StampChanges }
  | { readonly kind: 'scrape'; readonly scrape: Scrape }
  | { readonly kind: 'suspects'; readonly suspects: readonly SuspectGroup[] }
  | { readonly kind: 'content'; readonly content: GroupContent };

/** A group, with what would push it again if that was asked for. */
interface ListedContent extends ReadGroup {
  readonly body?: string;
}

/** Groups in one part. */
const BATCH = 100;
/** Of an answer that is no 200. */
const ERROR_BYTES = 64 * 1024;
/** Of what is looked through whole: a listing for what breaks a scrape. */
const WHOLE_BYTES = 128 * 1024 * 1024;

/** What is kept from one job to the next. */
export interface ReadingState {
  readonly stamps: StampMemory;
}

/**
 * Does one job; ends with an error when what it reads breaks off, is too long silent, or is not
 * what a Pushgateway answers.
 */
export async function* doReadingJob(
  job: ReadingJob,
  options: ReadingOptions,
  { stamps }: ReadingState = { stamps: createStampMemory() },
): AsyncGenerator<ReadingPart> {
  switch (job.kind) {
    case 'groups':
      return yield* readGroups(options, job.bodyBytes);
    case 'scrape':
      return yield { kind: 'scrape', scrape: await scrape(options) };
    case 'look':
      return yield* look(options, stamps);
    case 'contents': {
      const contents = await readContents(options, job, () => readNatives(options));
      for (const content of contents) yield { kind: 'content', content };
      return undefined;
    }
    case 'suspects': {
      const listing = await readListing(options);
      const odd = findOddHistograms((await readProtobuf(options)) ?? Buffer.alloc(0));
      yield { kind: 'suspects', suspects: findSuspectGroups(listing, job.error, odd) };
    }
  }
}

async function* readGroups(
  options: ReadingOptions,
  bodyBytes: number | undefined,
): AsyncGenerator<ReadingPart> {
  try {
    yield* listGroups(options, { bodyBytes });
  } catch (error) {
    if (!(error instanceof UndecidedHistogram)) throw error;
    const natives = await readNatives(options);
    yield { kind: 'again' };
    yield* listGroups(options, { natives, bodyBytes });
  }
}

interface ListingOptions {
  readonly natives?: ReadonlySet<string>;
  readonly bodyBytes: number | undefined;
}

async function* listGroups(
  options: ReadingOptions,
  { natives, bodyBytes }: ListingOptions,
): AsyncGenerator<ReadingPart> {
  const answer = await openAnswer(options, '/api/v1/metrics', 'application/json');
  if (answer.statusCode !== 200) throw new Error(`the listing answers ${answer.statusCode}`);
  let groups: ListedContent[] = [];
  const body = bodyBytes === undefined ? undefined : createListedBody(bodyBytes);
  const scanner = createListingScanner(
    (group) => groups.push(body ? { ...group, body: body.take() } : group),
    { natives, onMetrics: body?.add },
  );
  for await (const chunk of answer) {
    scanner.add(chunk);
    for (; groups.length >= BATCH; groups = groups.slice(BATCH)) {
      yield { kind: 'groups', groups: groups.slice(0, BATCH) };
    }
  }
  scanner.end();
  yield { kind: 'groups', groups };
}

async function* look(options: ReadingOptions, stamps: StampMemory): AsyncGenerator<ReadingPart> {
  let isWhole = false;
  try {
    stamps.begin();
    const found = await scrape(options, stamps);
    if (found.status === 200 && found.names.length > 0) {
      for (const changes of stamps.end()) yield { kind: 'stamps', changes };
    }
    yield { kind: 'scrape', scrape: found };
    isWhole = true;
  } finally {
    if (!isWhole) stamps.clear(); // whoever took a part of it has thrown it away
  }
}

async function scrape(
  options: ReadingOptions,
  stamps?: Pick<StampMemory, 'note'>,
): Promise<Scrape> {
  const answer = await openAnswer(options, '/metrics', 'text/plain;version=0.0.4');
  const { statusCode: status = 0 } = answer;
  const scanner = createScrapeScanner(stamps);
  let error = '';
  for await (const chunk of answer) {
    if (status === 200) scanner.add(chunk);
    else if (error.length < ERROR_BYTES) error += chunk.toString('utf8', 0, ERROR_BYTES);
  }
  const brokenHelp = [...scanner.brokenHelp()];
  const names = [...scanner.names()];
  const [lines, own] = [scanner.lines(), scanner.own()];
  return { status, names, lines, brokenHelp, own, error };
}

/** Names of the native histograms of a scrape, none if it is broken or too large for that. */
async function readNatives(options: ReadingOptions): Promise<ReadonlySet<string>> {
  const body = await readProtobuf(options);
  const content = body && parseProtobufExposition(body, SCRAPE_SCOPE);
  const families = content?.effect === 'allow' ? content.value.families : [];
  return new Set(families.flatMap(({ name, type }) => (type === 'native_histogram' ? name : [])));
}

/** A scrape in protobuf; undefined for one that is broken or too large to be looked through. */
async function readProtobuf(options: ReadingOptions): Promise<Buffer | undefined> {
  const answer = await openAnswer(options, '/metrics', CONTENT_TYPES.protobuf);
  return answer.statusCode === 200 ? await readWhole(answer) : undefined;
}

/** Undefined for one that is too large to be looked through, or no listing. */
async function readListing(options: ReadingOptions): Promise<unknown> {
  const body = await readWhole(await openAnswer(options, '/api/v1/metrics', 'application/json'));
  try {
    return body && JSON.parse(body.toString('utf8'));
  } catch {
    return undefined;
  }
}

async function readWhole(answer: IncomingMessage): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of answer) {
    bytes += chunk.length;
    if (bytes > WHOLE_BYTES) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
