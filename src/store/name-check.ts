import type { Scrape } from '../core/store/scrape-scanner.ts';
import { TIME_STAMPS } from '../core/store/stored-groups.ts';

/** More of them come as requests come in. */
const OWN_NAME = /^# TYPE (\S+) /gm;

/** A set of names, or a table by names. */
type Names = ReadonlySetLike<string>;

/** Holds the names of families in scrapes against the model, to see whether somebody else changes it. */
export interface NameCheck {
  /**
   * Whether a scrape has all names of the model, and none of a group that it neither has nor had when
   * the scrape began. Each answer that is false is followed by a reading: what that has not explained
   * is not told of again.
   */
  areExplained(scrape: Pick<Scrape, 'names' | 'own'>, before: Names, now: Names): boolean;
}

export function createNameCheck(): NameCheck {
  let known: ReadonlySet<string> = new Set();
  return {
    areExplained({ names, own }, before, now) {
      const scraped = new Set(names);
      const others = scraped.difference(before).difference(now).difference(TIME_STAMPS);
      for (const [, name = ''] of own.matchAll(OWN_NAME)) others.delete(name);
      const areKnown = others.isSubsetOf(known);
      known = others;
      return areKnown && scraped.isSupersetOf(now);
    },
  };
}
