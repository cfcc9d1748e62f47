import type { GroupId } from '../../core/store/group.ts';
import type { GroupContent } from '../../core/store/group-content.ts';
import type { ReadGroup } from '../../core/store/group-store.ts';
import type { Scrape } from '../../core/store/scrape-scanner.ts';
import type { StampChanges } from '../../core/store/stamp-memory.ts';
import type { StoreStatus } from '../../core/store/store-status.ts';
import type { SuspectGroup } from '../../core/store/suspect-groups.ts';

/** Reads what a Pushgateway holds, away from the event loop. */
export interface StoreReader {
  /** What it says of itself; undefined when it does not answer. Never rejects. */
  status(): Promise<StoreStatus | 'not_ready' | 'no_pushgateway' | undefined>;
  /**
   * Hands over every group, a few at a time: no more are read until those are taken. Rejects when
   * the listing breaks off or is none.
   * @param onRestart - told that what came so far does not count: all of it comes again
   */
  groups(
    take: (groups: readonly ReadGroup[]) => Promise<void>,
    onRestart: () => void,
  ): Promise<void>;
  /** Scrapes it as Prometheus does. Rejects when the answer breaks off. */
  scrape(): Promise<Scrape>;
  /**
   * The same.
   * @param onChanges - told whose time stamps are other ones than at the last look that did not
   * reject, in parts; nothing of a scrape that is an error or empty
   */
  look(onChanges: (changes: StampChanges) => void): Promise<Scrape>;
  /** The groups that may be why a scrape is broken. Rejects when they cannot be read. */
  suspects(error: string): Promise<readonly SuspectGroup[]>;
  /**
   * Some groups as they are stored; those that are not there are left out. Rejects when they cannot
   * be read.
   * @param hasBodies - whether what puts them into another store is asked for
   */
  contents(ids: readonly GroupId[], hasBodies: boolean): Promise<readonly GroupContent[]>;
}
