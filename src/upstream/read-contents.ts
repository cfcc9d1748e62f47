import { CONTENT_TYPES } from '../core/exposition/media-type.ts';
import { createFamilyReader } from '../core/scrape/family-message.ts';
import type { GroupId } from '../core/store/group.ts';
import {
  type ContentCollector,
  createContentCollector,
  type GroupContent,
} from '../core/store/group-content.ts';
import { createListingScanner, UndecidedHistogram } from '../core/store/listing-scanner.ts';
import { openAnswer, type ReadingOptions } from './open-answer.ts';

/** Which groups are asked for. */
export interface ContentsJob {
  readonly kind: 'contents';
  readonly ids: readonly GroupId[];
  /** Left out: only how they are listed. */
  readonly hasBodies: boolean;
}

/** Names as they are stored, where Pushgateway takes all characters. */
const ACCEPT = `${CONTENT_TYPES.protobuf}; escaping=allow-utf-8`;

const HINT = ': pushwarden quarantine names what breaks it';

/**
 * Reads some groups as they are stored; those that are not there are left out. What changes between
 * its two answers is not whole.
 * @param readNatives - names of the native histograms, for a listing that does not tell
 */
export async function readContents(
  options: ReadingOptions,
  { ids, hasBodies }: ContentsJob,
  readNatives: () => Promise<ReadonlySet<string>>,
): Promise<readonly GroupContent[]> {
  const wanted = new Set(ids);
  const collector = await list(options, wanted).catch(async (error: unknown) => {
    if (!(error instanceof UndecidedHistogram)) throw error;
    return await list(options, wanted, await readNatives());
  });
  if (hasBodies && collector.hasSeries()) await addBodies(options, collector);
  return collector.contents();
}

async function list(
  options: ReadingOptions,
  wanted: ReadonlySet<GroupId>,
  natives?: ReadonlySet<string>,
): Promise<ContentCollector> {
  const answer = await openAnswer(options, '/api/v1/metrics', 'application/json');
  if (answer.statusCode !== 200) throw new Error(`the listing answers ${answer.statusCode}`);
  const collector = createContentCollector(wanted);
  const scanner = createListingScanner(collector.endGroup, {
    natives,
    onMetrics: collector.addListed,
  });
  for await (const chunk of answer) scanner.add(chunk);
  scanner.end();
  return collector;
}

async function addBodies(options: ReadingOptions, collector: ContentCollector): Promise<void> {
  const answer = await openAnswer(options, '/metrics', ACCEPT);
  if (answer.statusCode !== 200) throw new Error(`the scrape answers ${answer.statusCode}${HINT}`);
  const reader = createFamilyReader(collector.addFamily);
  for await (const chunk of answer) {
    const { effect } = reader.add(chunk);
    if (effect === 'deny') throw new Error('the scrape is not understood');
  }
  if (reader.end().effect === 'deny') throw new Error('the scrape broke off');
}
