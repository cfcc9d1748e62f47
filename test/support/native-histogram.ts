import { delimited, double, integer, prefixed, signed } from './protobuf.ts';

/** A push of one native histogram, `native_seconds`: five observations, one of them zero. */
export const NATIVE_HISTOGRAM = prefixed(
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
      delimited(12, signed(1, 0), integer(2, 3)),
      signed(13, 1),
      signed(13, 1),
      signed(13, -1),
    ),
  ),
);
