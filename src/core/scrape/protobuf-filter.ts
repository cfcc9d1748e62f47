import { allow, type Decision, deny } from '../decision.ts';
import { renderVarint } from '../exposition/protobuf/wire.ts';
import type { ReadScope } from '../policy/read-scope.ts';
import { createFamilyCutter, FAMILY_METRIC, forEachField, readLabels } from './family-message.ts';
import type { ScrapeFilter } from './scrape-filter.ts';

const NOTHING = Buffer.alloc(0);

/**
 * Creates the filter of a scrape in delimited protobuf: of a family goes out what the team may see,
 * byte for byte, and nothing of a family in which that is nothing.
 * @see prometheus/client_model `io/prometheus/client/metrics.proto`
 */
export function createProtobufFilter(scope: ReadScope): ScrapeFilter {
  const cutter = createFamilyCutter();
  return {
    add(chunk) {
      const messages = cutter.add(chunk);
      if (messages === undefined) return invalid('the scrape is not delimited protobuf');
      const kept: Buffer[] = [];
      for (const message of messages) {
        const family = filterFamily(message, scope);
        if (family === undefined) return invalid('a family of the scrape is not understood');
        kept.push(family);
      }
      return allow(Buffer.concat(kept));
    },
    end: () => (cutter.isAtEnd() ? allow(NOTHING) : invalid('the scrape ends within a family')),
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

function invalid(internal: string): Decision<never> {
  return deny('upstream_invalid', { internal });
}
