import type { LiveGroup } from '../../core/compare/live-group.ts';
import type { FamilyContent } from '../../core/exposition/push-content.ts';

/** The store that a configuration is held against. */
export interface LiveStore {
  /**
   * Some groups at a time; `again` where all of them come once more.
   * @throws Error that says what to do when it cannot be read
   */
  groups(): AsyncIterable<readonly LiveGroup[] | 'again'>;
  /** Families that Pushgateway has of its own; to be asked for after the groups. */
  own(): Promise<readonly FamilyContent[]>;
  /** What cannot be seen of the store from where it is read; empty if all of it can. */
  readonly unseen: readonly string[];
}
