import type { FamilyType } from '../exposition/push-content.ts';
import type { GroupingKey } from '../target/grouping-key.ts';

/** Canonical path of a grouping key: what the store, quotas, locks and the audit log know it by. */
export type GroupId = string;

/**
 * A group as the model knows it. It is a view: it is right when it is handed out and must not be
 * kept over an `await`.
 */
export interface StoredGroup {
  readonly id: GroupId;
  readonly key: GroupingKey;
  /** The team that owns it; undefined where no team does. */
  readonly owner: string | undefined;
  /** Time of the last successful push, milliseconds since the epoch; undefined if there was none. */
  readonly pushedAt: number | undefined;
  /** Time of the last push that Pushgateway refused; undefined if there was none. */
  readonly failedAt: number | undefined;
  /** Who pushed last, if this gateway saw it. */
  readonly credential: string | undefined;
  /** Lines of the scrape, Pushgateway's two time stamps left out. */
  readonly series: number;
  /** Names, labels and values of those lines. */
  readonly bytes: number;
  readonly families: readonly StoredFamily[];
}

/** A family of one group. */
export interface StoredFamily {
  readonly name: string;
  readonly type: FamilyType;
  /** Lines of the scrape. */
  readonly series: number;
}
