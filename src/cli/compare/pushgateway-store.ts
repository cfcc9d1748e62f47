import { type FamilyContent, SCRAPE_SCOPE } from '../../core/exposition/push-content.ts';
import { parseTextExposition } from '../../core/exposition/text/text-exposition.ts';
import type { ReadingOptions } from '../../upstream/open-answer.ts';
import { doReadingJob } from '../../upstream/reading-jobs.ts';
import { describeNetworkError } from '../describe-network-error.ts';
import type { LiveStore } from './live-store.ts';

/**
 * Reads the store at Pushgateway itself, and with each group the body that would push it again.
 * @param bodyBytes - of one body; the rest of a longer one is left out
 */
export function createPushgatewayStore(upstream: ReadingOptions, bodyBytes: number): LiveStore {
  return {
    unseen: [],
    async *groups() {
      try {
        for await (const part of doReadingJob({ kind: 'groups', bodyBytes }, upstream)) {
          if (part.kind === 'again') yield 'again';
          if (part.kind === 'groups') {
            yield part.groups.map((group) => ({ ...group, bytes: sumBytes(group.families) }));
          }
        }
      } catch (error) {
        throw explain(error, upstream.url);
      }
    },
    async own() {
      for await (const part of doReadingJob({ kind: 'scrape' }, upstream)) {
        if (part.kind !== 'scrape') continue;
        const content = parseTextExposition(Buffer.from(part.scrape.own), SCRAPE_SCOPE);
        return content.effect === 'allow' ? content.value.families : [];
      }
      return [];
    },
  };
}

function sumBytes(families: readonly FamilyContent[]): number {
  return families.reduce((sum, { bytes }) => sum + bytes, 0);
}

const HINTS: Readonly<Record<string, string>> = {
  'the listing answers 401':
    'it asks for a password: where --upstream is upstream.url of the configuration, upstream.basic_auth is sent',
  'the listing answers 404': 'is this a Pushgateway, and is its path prefix in the URL?',
};

function explain(error: unknown, url: string): unknown {
  if (error instanceof SyntaxError) {
    return new Error(`${url}: the answer is no listing of groups: is this a Pushgateway?`);
  }
  if (!(error instanceof Error)) return error;
  const hint = HINTS[error.message];
  if (hint !== undefined) return new Error(`${url}: ${error.message}; ${hint}`);
  return new Error(describeNetworkError(error, new URL(url)), { cause: error });
}
