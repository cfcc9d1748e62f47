import { fuzzProtobuf, fuzzText } from './fuzz-parsers.ts';

/**
 * `node test/fuzz/run.ts [COUNT [FIRST]]`: lets both parsers judge COUNT generated bodies, half of
 * each format, from number FIRST on; the same numbers are the same bodies. Ends at the first one
 * that a parser gets wrong.
 */

const [count = '1000000', from = '0'] = process.argv.slice(2);
const first = Number(from);
const half = Math.ceil(Number(count) / 2);

for (const [format, fuzz] of Object.entries({ text: fuzzText, protobuf: fuzzProtobuf })) {
  const started = performance.now();
  const { accepted, withSeries, refused } = fuzz(first, first + half);
  const perSecond = Math.round(half / ((performance.now() - started) / 1000));
  console.log(
    `${format}: ${accepted} accepted (${withSeries} with series), ${refused} refused, ${perSecond}/s`,
  );
}
