import type { Decision, Deny } from '../decision.ts';
import type { TeamLimits } from '../policy/limits.ts';
import type { GroupingKey } from '../target/grouping-key.ts';
import type { SeriesIdentities } from './series-identity.ts';

/** The metric types that a push may declare; a family without a declared one is untyped. */
export const METRIC_TYPES = ['counter', 'gauge', 'summary', 'histogram', 'untyped'] as const;
export type MetricType = (typeof METRIC_TYPES)[number];

/**
 * What a family is in the store: its metric type, with native histograms kept apart. Prometheus
 * takes all of a family for native when its first histogram is, and then refuses the whole scrape
 * over a classic one.
 * @see prometheus `model/textparse/protobufparse.go`, `Next`
 */
export type FamilyType = MetricType | 'native_histogram';

/** What a push holds, understood in full. Its strings may keep the text of the body alive. */
export interface PushContent {
  /** The families that have series, each name once. */
  readonly families: readonly FamilyContent[];
  /** Lines that the push adds to the scrape; every bucket and quantile is one. */
  readonly series: number;
  /** The values that each watched label has on a pushed series, empty ones left out. */
  readonly labelValues: ReadonlyMap<string, ReadonlySet<string>>;
  /** Names of all labels in the body, sorted. */
  readonly labelNames: readonly string[];
  /** What goes upstream in place of the body that was sent; left out where that is sound as it is. */
  readonly rewritten?: Uint8Array;
}

/** A body that was read to its end although something is wrong with it. */
export interface ReadExposition {
  /** What could be understood of it. */
  readonly content: Decision<PushContent>;
  /** Empty if the body can be pushed. */
  readonly problems: readonly Deny[];
}

export interface PushedFamily {
  readonly name: string;
  readonly type: FamilyType;
}

/** What a push holds of one family. */
export interface FamilyContent extends PushedFamily {
  /** Whether the body says the type; a family without a declared one is untyped. */
  readonly isTyped: boolean;
  /** Lines of the scrape that it becomes. */
  readonly series: number;
  /** Names, labels and values of those lines. */
  readonly bytes: number;
  /** Of its metrics: a histogram or summary is one. */
  readonly identities: Readonly<SeriesIdentities>;
}

/** What a body is understood against: where it goes, and what its sender may send. */
export interface ContentScope {
  /** Its labels overwrite labels of the same name in the body; undefined for a whole scrape. */
  readonly key: GroupingKey | undefined;
  readonly limits: Pick<TeamLimits, 'series' | 'labels' | 'name' | 'labelValue'>;
  /** Label names whose values the policy asks for. */
  readonly watchedLabels: ReadonlySet<string>;
}

/** The values that were found so far of each watched label. */
export type WatchedValues = ReadonlyMap<string, Set<string>>;

const NONE_WATCHED: WatchedValues = new Map();

/** Begins to collect the values of the labels that are watched. */
export function watchLabels({ watchedLabels }: ContentScope): WatchedValues {
  if (watchedLabels.size === 0) return NONE_WATCHED;
  return new Map([...watchedLabels].map((name) => [name, new Set<string>()]));
}

/** A whole scrape is no push: nothing in it is overwritten, and nothing is too much. */
export const SCRAPE_SCOPE: ContentScope = {
  key: undefined,
  limits: {
    series: Number.POSITIVE_INFINITY,
    labels: Number.POSITIVE_INFINITY,
    name: Number.POSITIVE_INFINITY,
    labelValue: Number.POSITIVE_INFINITY,
  },
  watchedLabels: new Set(),
};

/** What the sample names of a family have after its name. */
export const SAMPLE_SUFFIXES = {
  counter: [''],
  gauge: [''],
  untyped: [''],
  summary: ['', '_sum', '_count'],
  histogram: ['', '_bucket', '_sum', '_count'],
  native_histogram: ['', '_bucket', '_sum', '_count'],
} as const satisfies Record<FamilyType, readonly string[]>;
export type SampleSuffix = (typeof SAMPLE_SUFFIXES)[FamilyType][number];

/**
 * The names that a family takes: its own and those of the samples that it becomes. No other family
 * may have one of them.
 * @see client_golang `prometheus/registry.go`, `checkSuffixCollisions`
 */
export function occupiedNames({ name, type }: PushedFamily): readonly string[] {
  return SAMPLE_SUFFIXES[type].map((suffix) => name + suffix);
}
