import { allow } from '../decision.ts';
import { renderVarint } from '../exposition/protobuf/wire.ts';
import type { ReadScope } from '../policy/read-scope.ts';
import { createFamilyReader, FAMILY_METRIC, forEachField, readLabels } from './family-message.ts';
import type { ScrapeFilter } from './scrape-filter.ts';

const NOTHING = Buffer.alloc(0);
const DONE = allow(undefined);

/**
 * Creates the filter of a scrape in delimited protobuf: of a family goes out what the team may see,
 * byte for byte, and nothing of a family in which that is nothing.
 * @see prometheus/client_model `io/prometheus/client/metrics.proto`
 */
export function createProtobufFilter(scope: ReadScope): ScrapeFilter {
  const reader = createFamilyReader((message) => filterFamily(message, scope));
  return {
    add(chunk, keep) {
      const kept = reader.add(chunk);
      if (kept.effect === 'deny') return kept;
      for (const family of kept.value) keep(family, 0, family.length);
      return DONE;
    },
    end() {
      const end = reader.end();
      return end.effect === 'deny' ? end : DONE;
    },
  };
}

/** The message with its length in front, nothing where no metric is left; undefined if broken. */
function filterFamily(message: Buffer, scope: ReadScope): Buffer | undefined {
  const parts: Buffer[] = [];
  let metrics = 0;
  const isSound = forEachField(message, (field, whole, content) => {
    if (field !== FAMILY_METRIC) {
      parts.push(whole);
      return true;
    }
    const labels = readLabels(content);
    if (labels === undefined) return false;
    if (scope.sees(labels)) {
      metrics += 1;
      parts.push(whole);
    }
    return true;
  });
  if (!isSound) return undefined;
  if (metrics === 0) return NOTHING;
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  return Buffer.concat([renderVarint(length), ...parts]);
}
