import { renderPrintable, renderQuoted } from '../core/printable.ts';
import type { GroupStore } from '../core/store/group-store.ts';
import { createScrapedNames, type ScrapedNames } from '../core/store/scraped-names.ts';
import { parseListing } from '../core/store/stored-groups.ts';
import { findSuspectGroups, type SuspectGroup } from '../core/store/suspect-groups.ts';
import type { OperationalLog } from '../pipeline/ports.ts';
import { parseJson } from './json.ts';

interface ScrapeWatchOptions {
  /** Scrapes the upstream; undefined if no answer came to its end. */
  readonly scrape: (onData: (chunk: Uint8Array) => void) => Promise<number | undefined>;
  /** Reads a path of the upstream; undefined for whatever is no whole 200. */
  readonly read: (path: string) => Promise<Uint8Array | undefined>;
  readonly store: Pick<GroupStore, 'familyNames'>;
  readonly log: OperationalLog;
  /** Told after every look that could tell. */
  readonly onLook: (isBroken: boolean) => void;
}

/** What is wrong with a scrape, and the beginning of what came instead. */
interface Breakage {
  readonly problem: string;
  readonly error: string;
}

/** Bytes of an error that are read. */
const ERROR_BYTES = 64 * 1024;
const LOGGED_BYTES = 512;
const LOGGED_GROUPS = 10;

/**
 * Creates what scrapes the upstream as Prometheus does and sees whether one group breaks the scrape
 * for everybody: an error, or a 200 that ends before the family that sorts last, or before any other
 * that is stored. Says so in the log once, with the groups that may be why.
 * @returns a function that looks once; never rejects
 * @see pushgateway `main.go`, the handler of `--web.telemetry-path`
 */
export function createScrapeWatch(options: ScrapeWatchOptions): () => Promise<void> {
  const { read, log, onLook } = options;
  let known: string | undefined;
  return async () => {
    let listing: Promise<unknown> | undefined;
    const readListing = (): Promise<unknown> => {
      listing ??= read('/api/v1/metrics').then(parseJson);
      return listing;
    };
    const found = await scrapeOnce(options, readListing);
    if (found === undefined) return;
    if (found === 'whole') {
      if (known !== undefined) log.info('scrape_whole_again');
      known = undefined;
    } else if (found.problem !== known) {
      const suspects = findSuspectGroups(await readListing(), found.error);
      log.error('scrape_broken', describe(found, suspects));
      known = found.problem;
    }
    onLook(known !== undefined);
  };
}

/** Undefined if this look cannot tell. */
async function scrapeOnce(
  { scrape, store }: ScrapeWatchOptions,
  readListing: () => Promise<unknown>,
): Promise<Breakage | 'whole' | undefined> {
  const before = store.familyNames();
  const scraped = createScrapedNames();
  const head = createHead();
  const status = await scrape((chunk) => {
    scraped.add(chunk);
    head.add(chunk);
  });
  if (status === 500) return { problem: 'the scrape answers 500', error: head.text() };
  if (status !== 200) return undefined;
  if (scraped.names().size === 0) return { problem: 'the scrape is empty', error: '' };
  // What was pushed or deleted meanwhile may be in the scrape or not.
  const expected = store.familyNames().intersection(before);
  const missing = expected.difference(scraped.names());
  if (missing.size === 0) return 'whole';
  const stored = listNames(await readListing()) ?? expected;
  const lost = [...missing.intersection(stored)].sort();
  const [first] = lost;
  if (first === undefined) return 'whole';
  const rest = lost.length > 1 ? ` and ${lost.length - 1} more` : '';
  return { problem: `the scrape lacks ${renderQuoted(first)}${rest}`, error: '' };
}

function listNames(listing: unknown): ReadonlySet<string> | undefined {
  const groups = parseListing(listing);
  return groups && new Set(groups.flatMap(({ families }) => families.map(({ name }) => name)));
}

/** Keeps the beginning of an answer. */
function createHead(): Pick<ScrapedNames, 'add'> & { text(): string } {
  let head = Buffer.alloc(0);
  return {
    add(chunk) {
      const room = ERROR_BYTES - head.byteLength;
      if (room > 0) head = Buffer.concat([head, chunk.subarray(0, room)]);
    },
    text: () => head.toString('utf8'),
  };
}

function describe({ problem, error }: Breakage, suspects: readonly SuspectGroup[]): object {
  return {
    problem,
    groups: suspects.slice(0, LOGGED_GROUPS),
    ...(suspects.length > LOGGED_GROUPS && { more_groups: suspects.length - LOGGED_GROUPS }),
    ...(error !== '' && { error: renderPrintable(error, LOGGED_BYTES) }),
  };
}
