import { allow, type Decision, deny } from '../decision.ts';
import type { ReadScope } from '../policy/read-scope.ts';
import { createArrayElements } from './array-elements.ts';
import type { ScrapeFilter } from './scrape-filter.ts';

const MAX_GROUP_CHARACTERS = 64 * 1024 * 1024;
const NOTHING = Buffer.alloc(0);
const HEAD = '{"status":"success","data":[';
/** Of a store without groups. */
const EMPTY = '{"status":"success","data":null}';

/**
 * Creates the filter of the answer of `GET /api/v1/metrics`: groups go out as they stand there.
 * @see pushgateway `api/v1/api.go`, `metrics`
 */
export function createListingFilter(scope: ReadScope): ScrapeFilter {
  const elements = createArrayElements();
  /** What came before the head was whole; undefined once it was. */
  let head: string | undefined = '';
  let isFirst = true;

  const filterGroup = (text: string): string | undefined => {
    const labels = readLabels(text);
    if (labels === undefined) return undefined;
    if (!scope.sees(labels)) return '';
    const separator = isFirst ? '' : ',';
    isFirst = false;
    return separator + text;
  };

  const filterGroups = (text: string, begun: string): Decision<Buffer> => {
    const groups = elements.take(text).map(filterGroup);
    if (groups.includes(undefined)) return invalid('a group of the listing is not understood');
    if (elements.rest().length > MAX_GROUP_CHARACTERS) return invalid('a group is too large');
    return allow(Buffer.from(begun + groups.join(''), 'latin1'));
  };

  return {
    add({ buffer, byteOffset, byteLength }) {
      const text = Buffer.from(buffer, byteOffset, byteLength).toString('latin1');
      if (head === undefined) return filterGroups(text, '');
      head += text;
      if (head.startsWith(HEAD)) {
        const rest = head.slice(HEAD.length);
        head = undefined;
        return filterGroups(rest, HEAD);
      }
      const isPossible = HEAD.startsWith(head) || EMPTY.startsWith(head.trimEnd());
      return isPossible ? allow(NOTHING) : invalid('the listing has another form');
    },
    end() {
      if (head?.trimEnd() === EMPTY) return allow(Buffer.from(`${HEAD}]}`));
      const isWhole = elements.hasEnded() && elements.rest().trim() === '}';
      return isWhole ? allow(Buffer.from(']}')) : invalid('the listing breaks off');
    },
  };
}

/** The labels of a group; undefined for what is no group. */
function readLabels(latin1: string): ReadonlyMap<string, string> | undefined {
  const labels = property(parseJson(Buffer.from(latin1, 'latin1').toString('utf8')), 'labels');
  if (typeof labels !== 'object' || labels === null) return undefined;
  const read = new Map<string, string>();
  for (const [name, value] of Object.entries(labels)) {
    if (typeof value !== 'string') return undefined;
    read.set(name, value);
  }
  return read;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function property(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
}

function invalid(internal: string): Decision<never> {
  return deny('upstream_invalid', { internal });
}
