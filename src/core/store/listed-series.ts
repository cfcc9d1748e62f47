import type { FamilyContent, FamilyType } from '../exposition/push-content.ts';
import { numberBytes, parseSampleValue } from '../exposition/sample-value.ts';
import {
  identifySeries,
  type SeriesIdentities,
  type WriteValue,
} from '../exposition/series-identity.ts';
import { layOutSeries, type SeriesLayout } from '../exposition/series-layout.ts';
import { writeText } from '../exposition/series-writer.ts';
import { isObject, type JsonObject } from '../json.ts';

/** In no name, which may have a comma in it: half of a surrogate pair. */
const NO_TEXT = '\ud800';

/** Reads what families hold out of a listing; neighbours mostly have the same labels. */
export interface ListedSeries {
  /** @param metrics - as the API lists them */
  readFamily(name: string, type: FamilyType, metrics: readonly unknown[]): FamilyContent;
}

export function createListedSeries(): ListedSeries {
  const layouts = new Map<string, SeriesLayout>();
  let names: readonly string[] = [];
  let current: JsonObject = {};
  const writeValue: WriteValue = (position) => writeText(String(current[names[position] ?? '']));
  const layOut = (): SeriesLayout => {
    const list = names.join(NO_TEXT);
    const known = layouts.get(list);
    if (known !== undefined) return known;
    const positions = names.map((_, position) => position);
    const layout = layOutSeries(names, positions, undefined);
    layouts.set(list, layout);
    return layout;
  };
  return {
    readFamily(name, type, metrics) {
      const identities: SeriesIdentities = [];
      let series = 0;
      let bytes = 0;
      for (const metric of metrics) {
        if (!isObject(metric)) continue;
        current = isObject(metric['labels']) ? metric['labels'] : {};
        names = Object.keys(current);
        const seriesBytes = identifySeries(name, layOut(), writeValue, identities);
        const lines = readLines(metric);
        series += lines.count;
        bytes += lines.count * seriesBytes + lines.bytes;
      }
      return { name, type, isTyped: true, series, bytes, identities };
    },
  };
}

interface Lines {
  readonly count: number;
  /** Of bounds and values. */
  readonly bytes: number;
}

/** @see pushgateway `api/v1/api.go`, `makeEncodableMetrics` */
function readLines(metric: JsonObject): Lines {
  const { value, quantiles, buckets, count, sum } = metric;
  if (value !== undefined) return { count: 1, bytes: numberBytes(readNumber(value)) };
  const isHistogram = buckets !== undefined;
  const listed = isHistogram ? buckets : quantiles;
  // Those of a native histogram are a list, and no lines of the text format.
  const bounds = Object.entries(isObject(listed) ? listed : {});
  let bytes = numberBytes(readNumber(count)) + numberBytes(readNumber(sum));
  for (const [bound, held] of bounds) {
    bytes += numberBytes(readNumber(bound)) + numberBytes(readNumber(held));
  }
  const hasLast = !isHistogram || (isObject(buckets) && '+Inf' in buckets);
  return { count: bounds.length + (hasLast ? 2 : 3), bytes };
}

function readNumber(value: unknown): number {
  return parseSampleValue(String(value));
}
