import { decodeDelimited } from '../exposition/protobuf/message.ts';
import {
  METRIC,
  METRIC_FAMILY,
  type MetricFamilyMessage,
  type MetricMessage,
} from '../exposition/protobuf/metric-messages.ts';
import { isNative } from '../exposition/protobuf/native-histogram.ts';
import { createWire, type Wire } from '../exposition/protobuf/wire.ts';

/** A histogram that is native where others of its name are classic, or the other way round. */
export interface OddHistogram {
  readonly family: string;
  readonly isNative: boolean;
  readonly labels: ReadonlyMap<string, string>;
}

/** The types of a family on the wire: histogram and gauge histogram. */
const HISTOGRAMS: ReadonlySet<number | undefined> = new Set([4, 5]);
/** Labels, buckets and spans of one metric, metrics of one family. */
const MAX_ELEMENTS = 10_000_000;

/**
 * Finds the histograms by which a family is of two kinds: those of the kind that fewer of its series
 * have, the native ones where they are as many. Prometheus takes all for the kind of the first, and
 * refuses the whole scrape when that is the native one. Pushgateway 1.5 shows both kinds alike but in
 * protobuf.
 * @param scrape - in delimited protobuf; of one that is not understood none are found
 */
export function findOddHistograms(scrape: Uint8Array): readonly OddHistogram[] {
  const wire = createWire(scrape);
  const odd: OddHistogram[] = [];
  while (wire.at < scrape.byteLength) {
    const family = decodeDelimited(wire, scrape.byteLength, METRIC_FAMILY, MAX_ELEMENTS);
    if (family === undefined) return [];
    const next = wire.at;
    if (HISTOGRAMS.has(family.type)) odd.push(...findOdd(wire, family));
    wire.at = next;
  }
  return odd;
}

function findOdd(wire: Wire, { name = '', metric }: MetricFamilyMessage): readonly OddHistogram[] {
  const found = metric.flatMap((position): readonly OddHistogram[] => {
    wire.at = position;
    const one = decodeDelimited(wire, wire.bytes.byteLength, METRIC, MAX_ELEMENTS);
    return one?.histogram === undefined ? [] : [describe(name, one)];
  });
  const { natives = [], classics = [] } = Object.groupBy(found, (one) =>
    one.isNative ? 'natives' : 'classics',
  );
  if (natives.length === 0 || classics.length === 0) return [];
  return natives.length <= classics.length ? natives : classics;
}

function describe(family: string, { label, histogram }: MetricMessage): OddHistogram {
  const pairs = label.map(({ name = '', value = '' }) => [name, value] as const);
  const native = histogram !== undefined && isNative(histogram);
  return { family, isNative: native, labels: new Map(pairs) };
}
