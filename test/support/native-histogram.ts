import { delimited, double, integer, prefixed, signed } from './protobuf.ts';

/**
 * A push of one native histogram, `native_seconds`: five observations, one of them zero.
 * @param first - its first bucket
 * @param more - further fields of the histogram
 */
export function nativeHistogram(first: number, ...more: readonly Buffer[]): Buffer {
  return prefixed(
    delimited(1, 'native_seconds'),
    integer(3, 4),
    delimited(
      4,
      delimited(
        7,
        integer(1, 5),
        double(2, 10.5),
        signed(5, 3),
        double(6, 0.001),
        integer(7, 1),
        delimited(12, signed(1, first), integer(2, 3)),
        signed(13, 1),
        signed(13, 1),
        signed(13, -1),
        ...more,
      ),
    ),
  );
}

export const NATIVE_HISTOGRAM = nativeHistogram(0);

/** Its creation time, as a client sends it. */
export function createdAt(seconds: number): Buffer {
  return delimited(15, integer(1, seconds), integer(2, 0));
}
