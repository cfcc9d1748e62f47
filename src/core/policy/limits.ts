/** What one team may send. */
export interface TeamLimits {
  /** Bytes of the body as sent. */
  readonly body: number;
  /** Bytes of the body after decompression. */
  readonly decoded: number;
  /** Decoded bytes for each byte sent. */
  readonly ratio: number;
  /** Series in one push. */
  readonly series: number;
  /** Labels of one series, the grouping key's included. */
  readonly labels: number;
  /** Characters of a metric or label name. */
  readonly name: number;
  /** Bytes of one label value. */
  readonly labelValue: number;
  /** Pushes and deletes, averaged. */
  readonly rate: Rate;
  /** Pushes and deletes beyond the rate, in a minute. */
  readonly burst: number;
  /** Pushes and deletes under way at the same time. */
  readonly concurrent: number;
  /** Milliseconds that a push or delete over `rate` or `concurrent` may wait its turn. */
  readonly waitMs: number;
  /** Groups that the team owns. */
  readonly groups: number;
  /** Series of all of its groups. */
  readonly totalSeries: number;
  /** Names, labels and values of those series. */
  readonly totalBytes: number;
}

/** `count` in every `perMs` milliseconds: `600/m` is 600 in 60 000. */
export interface Rate {
  readonly count: number;
  readonly perMs: number;
}
