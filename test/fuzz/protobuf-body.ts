import { delimited, double, integer, prefixed, signed } from '../support/protobuf.ts';
import type { Random } from './random.ts';

/** A source of choices, some of them wrong. */
interface Chooser {
  readonly random: Random;
  /** How often, in percent, a choice falls on something that a parser may refuse. */
  readonly wrongPercent: number;
}

type List<T> = readonly [T, ...T[]];

const NAMES = ['a', 'b', 'c', 'd:e', '_', 'b_total'] as const;
const WRONG_NAMES = ['', 'a_count', 'a_sum', 'a_bucket', 'a-b', 'é', '9', 'a\nb 1', 'a b'] as const;
const LABELS = ['x', 'y', 'X_9', 'job', 'instance'] as const;
const WRONG_LABELS = ['le', 'quantile', '__name__', '__x', 'x-y', '', 'é', '9'] as const;
const VALUES = ['1', '2', '', 'a b', '"', '\\', '\n', 'жук', '🦆', '\r', '\t\u0001'] as const;
const WRONG_VALUES: List<Buffer | string> = [
  '\0',
  Buffer.from([0xff]),
  Buffer.from([0xed, 0xa0, 0x80]),
];
const NUMBERS = [0, 1, -1, 1.5, 1e300, NaN, Infinity, -Infinity, 5e-324] as const;
const BOUNDS = [-Infinity, -1, 0, 1e-3, 0.5, 1, 2, 1e3, Infinity] as const;
const COUNTS_OUT_OF_RANGE: List<number | bigint> = [-1, 2n ** 64n - 1n];
const HELPS = ['help', '', 'é\n"\\', '\r', '# x'] as const;

/** Numbers of the metric types on the wire, and of their value fields in a metric. */
const VALUE_FIELDS = new Map([
  [0, 3],
  [1, 2],
  [2, 4],
  [3, 5],
  [4, 7],
]);

/** A body of delimited protobuf as clients write it or get it wrong. */
export function generateProtobuf(random: Random, wrongPercent: number): Buffer {
  const chooser = { random, wrongPercent };
  return Buffer.concat(random.many(0, 4, () => prefixed(...family(chooser))));
}

function family(chooser: Chooser): readonly Buffer[] {
  const { random } = chooser;
  const type = choose(chooser, [0, 1, 2, 3, 4], [5, 99]);
  const shape = isWrong(chooser) ? random.below(5) : type;
  return fields(chooser, [
    delimited(1, choose(chooser, NAMES, WRONG_NAMES)),
    ...maybe(random, 60, () => delimited(2, choose(chooser, HELPS, WRONG_VALUES))),
    ...(type === 0 && random.chance(50) ? [] : [integer(3, type)]),
    ...random.many(isWrong(chooser) ? 0 : 1, 3, () => delimited(4, ...metric(chooser, shape))),
    ...maybe(random, 10, () => delimited(5, choose(chooser, ['seconds', ''], WRONG_VALUES))),
  ]);
}

function metric(chooser: Chooser, shape: number): readonly Buffer[] {
  const { random } = chooser;
  const value = (type: number): Buffer =>
    delimited(VALUE_FIELDS.get(type) ?? 2, ...valueFields(chooser, type));
  return fields(chooser, [
    ...random.many(0, 2, () => delimited(1, ...label(chooser))),
    ...(isWrong(chooser) ? [] : [value(shape)]),
    ...(isWrong(chooser) ? [value(random.below(5))] : []),
    ...(isWrong(chooser) ? [integer(6, 1_700_000_000_000)] : []),
  ]);
}

function label(chooser: Chooser): readonly Buffer[] {
  const { random } = chooser;
  return fields(chooser, [
    delimited(1, choose(chooser, LABELS, WRONG_LABELS)),
    ...maybe(random, 95, () => delimited(2, choose(chooser, VALUES, WRONG_VALUES))),
  ]);
}

function valueFields(chooser: Chooser, type: number): readonly Buffer[] {
  const { random } = chooser;
  switch (type) {
    case 2:
      return fields(chooser, [
        ...maybe(random, 90, () => integer(1, count(chooser))),
        ...maybe(random, 90, () => double(2, random.pick(NUMBERS))),
        ...bounds(chooser).map((bound) =>
          delimited(3, double(1, bound), double(2, random.pick(NUMBERS))),
        ),
        ...maybe(random, 10, () => delimited(4, ...timestamp(chooser))),
      ]);
    case 4:
      return random.chance(30) ? nativeHistogram(chooser) : histogram(chooser);
    default:
      return fields(chooser, [
        ...maybe(random, 95, () => double(1, random.pick(NUMBERS))),
        ...(type === 0 ? maybe(random, 10, () => delimited(2, ...exemplar(chooser))) : []),
        ...(type === 0 ? maybe(random, 10, () => delimited(3, ...timestamp(chooser))) : []),
      ]);
  }
}

function histogram(chooser: Chooser): readonly Buffer[] {
  const { random } = chooser;
  const buckets = bounds(chooser);
  return fields(chooser, [
    integer(1, isWrong(chooser) ? random.below(9) : buckets.length),
    ...maybe(random, 90, () => double(2, random.pick(NUMBERS))),
    ...buckets.map((bound, index) =>
      delimited(
        3,
        ...(isWrong(chooser)
          ? [double(4, 1.5)]
          : [integer(1, isWrong(chooser) ? 9 - index : index)]),
        double(2, bound),
        ...maybe(random, 10, () => delimited(3, ...exemplar(chooser))),
      ),
    ),
    ...(isWrong(chooser) ? [double(4, 2.5)] : []),
    ...maybe(random, 10, () => delimited(15, ...timestamp(chooser))),
  ]);
}

function nativeHistogram(chooser: Chooser): readonly Buffer[] {
  const { random } = chooser;
  const counts = random.many(0, 4, () => random.below(5));
  const zeros = random.below(3);
  const total = counts.reduce((sum, value) => sum + value, zeros);
  const deltas = counts.map((value, index) => value - (counts[index - 1] ?? 0));
  const split = random.below(counts.length + 1);
  const spans = [split, counts.length - split].map((length, index) =>
    delimited(
      12,
      signed(1, index === 0 ? random.below(9) - 4 : wrongOr(chooser, -1, 2)),
      integer(2, length),
    ),
  );
  return fields(chooser, [
    integer(1, wrongOr(chooser, total + 1, total)),
    double(2, random.chance(90) ? 1.5 : NaN),
    signed(5, wrongOr(chooser, 9, random.below(13) - 4)),
    double(6, wrongOr(chooser, NaN, random.chance(50) ? 0 : 1e-128)),
    integer(7, zeros),
    ...(isWrong(chooser) ? [] : spans),
    ...(random.chance(50)
      ? [delimited(13, ...deltas.map((delta) => signed(1, delta).subarray(1)))]
      : deltas.map((delta) => signed(13, delta))),
    ...(isWrong(chooser) ? [double(14, 1)] : []),
    ...maybe(random, 20, () => delimited(16, ...exemplar(chooser))),
    ...maybe(random, 10, () => delimited(15, ...timestamp(chooser))),
  ]);
}

function exemplar(chooser: Chooser): readonly Buffer[] {
  return fields(chooser, [
    ...maybe(chooser.random, 80, () => delimited(1, ...label(chooser))),
    double(2, 1),
    ...maybe(chooser.random, 80, () => delimited(3, ...timestamp(chooser))),
  ]);
}

function timestamp(chooser: Chooser): readonly Buffer[] {
  return fields(chooser, [
    integer(1, wrongOr(chooser, -1, 1_700_000_000)),
    integer(2, wrongOr(chooser, 2_000_000_000, 500_000_000)),
  ]);
}

function bounds(chooser: Chooser): readonly number[] {
  const ascending = BOUNDS.filter(() => chooser.random.chance(25));
  return isWrong(chooser) ? [...ascending, NaN, ...ascending.slice(-1)] : ascending;
}

function count(chooser: Chooser): number | bigint {
  return choose(chooser, [0, 1, 300, 2 ** 40], COUNTS_OUT_OF_RANGE);
}

/** Fields as they are, or out of order, twice, or with an unknown one among them. */
function fields(chooser: Chooser, right: readonly Buffer[]): readonly Buffer[] {
  const { random } = chooser;
  const at = random.below(right.length + 1);
  if (random.chance(5)) return [...right.slice(at), ...right.slice(0, at)];
  if (!isWrong(chooser)) return right;
  const extra: List<Buffer> = [integer(20, 1), delimited(1, ''), delimited(99, 'x'), ...right];
  return [...right.slice(0, at), random.pick(extra), ...right.slice(at)];
}

function maybe(random: Random, percent: number, make: () => Buffer): readonly Buffer[] {
  return random.chance(percent) ? [make()] : [];
}

function wrongOr(chooser: Chooser, wrong: number, right: number): number {
  return isWrong(chooser) ? wrong : right;
}

function choose<T, W>({ random, wrongPercent }: Chooser, right: List<T>, wrong: List<W>): T | W {
  return random.chance(wrongPercent) ? random.pick(wrong) : random.pick(right);
}

function isWrong({ random, wrongPercent }: Chooser): boolean {
  return random.chance(wrongPercent);
}
