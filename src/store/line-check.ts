import { TIME_STAMPS } from '../core/store/stored-groups.ts';

/** How many lines of a scrape each family has. */
type Lines = ReadonlyMap<string, number>;

/**
 * - `explained`: every family has as many as the model says, or changed meanwhile;
 * - `suspected`: one has more or fewer, which may be what is on its way: another look tells;
 * - `different`: it was so at the look before as well.
 */
type LineFindings = 'explained' | 'suspected' | 'different';

/** Holds the lines of families in scrapes against the model, to see whether somebody else changes it. */
export interface LineCheck {
  /**
   * @param before - what the model had when the scrape began
   * @param now - what it has once what was under way meanwhile is in it
   */
  compare(scraped: Lines, before: Lines, now: Lines): LineFindings;
}

/**
 * Creates the check of one store. An answer `different` is followed by a reading: what that has not
 * explained is not told of again.
 */
export function createLineCheck(): LineCheck {
  /** By how much a family had more or fewer at the last look. */
  let suspected: Lines = new Map();
  /** By how much a family has more or fewer whatever is read. */
  let told: Lines = new Map();
  return {
    compare(scraped, before, now) {
      const found = compareCertain(scraped, before, now);
      const kept = [...told].filter(
        ([name, more]) => scraped.has(name) && (found.get(name) ?? more) === more,
      );
      told = new Map(kept);
      const others = [...found].filter(([name, more]) => more !== 0 && told.get(name) !== more);
      const certain = others.filter(([name, more]) => suspected.get(name) === more);
      told = new Map([...kept, ...certain]);
      suspected = new Map(others);
      if (certain.length > 0) return 'different';
      return others.length > 0 ? 'suspected' : 'explained';
    },
  };
}

/** By how many lines families have more than the model says, of those that did not change meanwhile. */
function compareCertain(scraped: Lines, before: Lines, now: Lines): Lines {
  const found = new Map<string, number>();
  for (const [name, lines] of scraped) {
    const expected = now.get(name);
    const isCertain = expected !== undefined && expected === before.get(name);
    if (isCertain && !TIME_STAMPS.has(name)) found.set(name, lines - expected);
  }
  return found;
}
