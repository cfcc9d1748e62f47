import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readProtobuf } from '../../../../src/core/exposition/protobuf/protobuf-exposition.ts';
import { createRandom, type Random } from '../../../fuzz/random.ts';
import { WIDE_SCOPE } from '../../../support/content-scope.ts';
import { delimited, double, integer, prefixed } from '../../../support/protobuf.ts';

const BODIES = 4000;
const SCOPES = {
  'a wide scope': WIDE_SCOPE,
  'a narrow scope': {
    key: { job: 'batch', labels: [{ name: 'l', value: 'x' }] },
    limits: { series: 12, labels: 4, name: 8, labelValue: 6 },
    watchedLabels: new Set(['k']),
  },
  'a scrape': { ...WIDE_SCOPE, key: undefined },
};
/** The number of a type, and of the field that has its value. */
const TYPES = [
  [0, 3],
  [1, 2],
  [3, 5],
] as const;
const VALUES = [
  '',
  'x',
  'y',
  'é',
  'a\0',
  'longer than that',
  'z'.repeat(126),
  'z'.repeat(200),
] as const;
const NUMBERS = [
  0,
  -0,
  1,
  1.5,
  -2.25,
  0.1,
  1 / 3,
  1e15,
  1e21,
  Number.NaN,
  Number.NEGATIVE_INFINITY,
] as const;

type Fields = readonly Buffer[];

function renderMetrics(random: Random, field: number): readonly Fields[] {
  const isOdd = random.chance(33);
  const labels = random.pick([['l'], ['k'], ['m', 'k', 'l'], ['job', 'k'], ['instance'], []]);
  return Array.from({ length: 1 + random.below(12) }, () => {
    const used = isOdd && random.chance(15) ? ['other'] : labels;
    const pairs = used.map((label) => {
      const value = isOdd ? random.pick(VALUES) : String(random.below(400));
      return delimited(1, delimited(1, label), delimited(2, value));
    });
    const number = double(1, isOdd ? random.pick(NUMBERS) : random.below(1000) / 8);
    return [...pairs, delimited(isOdd && random.chance(10) ? 2 : field, number)];
  });
}

/** The value before the labels is as sound, and is what no client writes. */
function valueFirst(fields: Fields): Fields {
  return [...fields.slice(-1), ...fields.slice(0, -1)];
}

for (const [name, scope] of Object.entries(SCOPES)) {
  test(`metrics are read alike in the order of clients, which takes a short way: ${name}`, () => {
    const random = createRandom(13);
    let accepted = 0;
    for (let count = 0; count < BODIES; count += 1) {
      const families = ['a', 'b'].map((family) => {
        const [type, field] = random.pick<readonly [number, number]>(TYPES);
        return { family, type, metrics: renderMetrics(random, field) };
      });
      const render = (order: (fields: Fields) => Fields): Buffer =>
        Buffer.concat(
          families.map(({ family, type, metrics }) => {
            const list = metrics.map((fields) => delimited(4, ...order(fields)));
            return prefixed(delimited(1, family), integer(3, type), ...list);
          }),
        );
      const short = readProtobuf(
        render((fields) => fields),
        scope,
        3,
      );
      assert.deepEqual(short, readProtobuf(render(valueFirst), scope, 3), JSON.stringify(families));
      accepted += short.problems.length === 0 ? 1 : 0;
    }
    assert.ok(accepted > BODIES / 50 && accepted < BODIES, `${accepted} were accepted`);
  });
}
