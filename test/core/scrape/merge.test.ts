import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { ReadScope } from '../../../src/core/policy/read-scope.ts';
import type {
  FamilyPiece,
  FamilySplitter,
  FamilyWriter,
} from '../../../src/core/scrape/merge/family-piece.ts';
import { type FamilySource, mergeFamilies } from '../../../src/core/scrape/merge/merge-families.ts';
import { mergeListings } from '../../../src/core/scrape/merge/merge-listings.ts';
import {
  createProtobufSplitter,
  createProtobufWriter,
} from '../../../src/core/scrape/merge/protobuf-families.ts';
import {
  createTextSplitter,
  createTextWriter,
} from '../../../src/core/scrape/merge/text-families.ts';
import { delimited, double, integer, prefixed } from '../../support/protobuf.ts';

const WHOLE: ReadScope = { seesEverything: true, deciding: [], sees: () => true };
const OWN: ReadScope = {
  seesEverything: false,
  deciding: ['job'],
  sees: (labels) => labels.get('job') === 'own',
};

/** The pieces of a scrape that comes in chunks of some bytes; what is not understood ends it. */
function sourceOf(scrape: Buffer, splitter: FamilySplitter, size: number): FamilySource {
  const pieces: FamilyPiece[] = [];
  for (let at = 0; at < scrape.length; at += size) {
    const split = splitter.add(scrape.subarray(at, at + size));
    if (split.effect === 'deny') break;
    pieces.push(...split.value);
  }
  return { next: async () => pieces.shift() };
}

async function merge(
  sources: readonly FamilySource[],
  writer: FamilyWriter,
  others: string[] = [],
): Promise<Buffer> {
  const onOtherType = (_: FamilySource, family: string): void => void others.push(family);
  let merged = '';
  for await (const part of mergeFamilies(sources, { writer, onOtherType })) merged += part;
  return Buffer.from(merged, 'latin1');
}

async function mergeText(scrapes: readonly string[], scope = WHOLE, size = 7) {
  const others: string[] = [];
  const sources = scrapes.map((text) =>
    sourceOf(Buffer.from(text), createTextSplitter(scope), size),
  );
  return { text: String(await merge(sources, createTextWriter(), others)), others };
}

const GAUGE = (name: string): string => `# TYPE ${name} gauge\n`;

describe('the merge of scrapes in the text format', () => {
  const cases: readonly (readonly [what: string, scrapes: readonly string[], merged: string])[] = [
    ['nothing', ['', ''], ''],
    [
      'families in the order of their names, each with the first help',
      [
        `# HELP b First.\n${GAUGE('b')}b{job="x"} 1\n${GAUGE('d')}d{job="x"} 1\n`,
        `${GAUGE('a')}a{job="y"} 2\n# HELP b Second.\n${GAUGE('b')}b{job="y"} 2\n`,
      ],
      `${GAUGE('a')}a{job="y"} 2\n# HELP b First.\n${GAUGE('b')}b{job="x"} 1\nb{job="y"} 2\n${GAUGE('d')}d{job="x"} 1\n`,
    ],
    [
      'a series that both have is that of the first',
      [`${GAUGE('b')}b{job="x"} 1\n`, `${GAUGE('b')}b{job="x"} 2\nb{job="y"} 2\n`],
      `${GAUGE('b')}b{job="x"} 1\nb{job="y"} 2\n`,
    ],
    [
      'of a histogram that both have no bucket is left over',
      [
        '# TYPE h histogram\nh_bucket{job="x",le="+Inf"} 1\nh_sum{job="x"} 1\nh_count{job="x"} 1\n',
        '# TYPE h histogram\nh_bucket{job="x",le="1"} 1\nh_bucket{job="x",le="+Inf"} 1\nh_sum{job="x"} 1\nh_count{job="x"} 1\nh_sum{job="y"} 2\n',
      ],
      '# TYPE h histogram\nh_bucket{job="x",le="+Inf"} 1\nh_sum{job="x"} 1\nh_count{job="x"} 1\nh_sum{job="y"} 2\n',
    ],
    [
      'what has no job stays behind, whatever its labels are like',
      [`${GAUGE('b')}b 1\nb{x="{job=\\"y\\""} 1\nb{"a,job"="y"} 1\nb{x=",job=\\"",job="z"} 1\n`],
      `${GAUGE('b')}b{x=",job=\\"",job="z"} 1\n`,
    ],
    [
      'quoted names are where what they stand for is',
      [
        `${GAUGE('"m x"')}{"m x",job="x"} 1\n${GAUGE('z')}z{job="x"} 1\n`,
        `${GAUGE('ma')}ma{job="y"} 1\n`,
      ],
      `${GAUGE('"m x"')}{"m x",job="x"} 1\n${GAUGE('ma')}ma{job="y"} 1\n${GAUGE('z')}z{job="x"} 1\n`,
    ],
    [
      'of one that breaks off, what was whole',
      [`${GAUGE('b')}b{job="x"} 1\nb{job="y"} 12`, `${GAUGE('c')}c{job="x"} 1\n`],
      `${GAUGE('b')}b{job="x"} 1\n${GAUGE('c')}c{job="x"} 1\n`,
    ],
  ];
  for (const [what, scrapes, merged] of cases) {
    test(what, async () => {
      for (const size of [1, 7, 10_000]) {
        assert.equal((await mergeText(scrapes, WHOLE, size)).text, merged);
      }
    });
  }

  test('a family that the second has with another type is left out of it, and told', async () => {
    const first = `${GAUGE('b')}b{job="x"} 1\n`;
    const second = `# TYPE b counter\nb{job="y"} 1\n${GAUGE('c')}c{job="y"} 1\n`;
    const { text, others } = await mergeText([first, second]);
    assert.equal(text, `${first}${GAUGE('c')}c{job="y"} 1\n`);
    assert.deepEqual(others, ['b']);
  });

  test('a team gets what it may see', async () => {
    const scrape = `${GAUGE('b')}b{job="own"} 1\nb{job="other",x="job=\\"own\\""} 1\n`;
    assert.equal((await mergeText([scrape, scrape], OWN)).text, `${GAUGE('b')}b{job="own"} 1\n`);
  });
});

interface Stored {
  readonly family: number;
  readonly job: number;
  readonly parts: readonly number[];
}

/** Series, and in which of three Pushgateways each is. */
const stores = fc.uniqueArray(
  fc.record({
    family: fc.nat(4),
    job: fc.nat(30),
    parts: fc.subarray([0, 1, 2], { minLength: 1 }),
  }),
  { maxLength: 40, selector: ({ family, job }) => `${family} ${job}` },
);

const nameOf = (family: number): string => `family_${family}`;
const partsOf = (stored: readonly Stored[]): readonly (readonly Stored[])[] =>
  [0, 1, 2].map((part) => stored.filter(({ parts }) => parts.includes(part)));

function familiesOf(stored: readonly Stored[]): readonly (readonly [number, readonly Stored[]])[] {
  return [...Map.groupBy(stored, ({ family }) => family)].sort(([a], [b]) => a - b);
}

function renderText(stored: readonly Stored[]): Buffer {
  const families = familiesOf(stored).map(([family, series]) => {
    const lines = series.map(({ job }) => `${nameOf(family)}{job="${job}"} 1\n`);
    return GAUGE(nameOf(family)) + lines.join('');
  });
  return Buffer.from(families.join(''));
}

function renderProtobuf(stored: readonly Stored[]): Buffer {
  const families = familiesOf(stored).map(([family, series]) => {
    const metrics = series.map(({ job }) =>
      delimited(
        4,
        delimited(1, delimited(1, 'job'), delimited(2, String(job))),
        delimited(2, double(1, 1)),
      ),
    );
    return prefixed(delimited(1, nameOf(family)), integer(3, 1), ...metrics);
  });
  return Buffer.concat(families);
}

/** Each line with its family; of protobuf, after it was taken apart. */
async function listSeries(scrape: Buffer, splitter: FamilySplitter): Promise<readonly string[]> {
  const source = sourceOf(scrape, splitter, scrape.length + 1);
  const found: string[] = [];
  for (let piece = await source.next(); piece !== undefined; piece = await source.next()) {
    found.push(`begin ${piece.name}`);
    for (const { key } of piece.series) found.push(`${piece.name} ${key}`);
  }
  return found.sort();
}

for (const [what, render, split, createWriter] of [
  ['text', renderText, createTextSplitter, createTextWriter],
  ['protobuf', renderProtobuf, createProtobufSplitter, createProtobufWriter],
] as const) {
  test(`random stores in ${what}, merged: every series once, every family once`, async () => {
    await fc.assert(
      fc.asyncProperty(stores, fc.integer({ min: 1, max: 200 }), async (stored, size) => {
        const sources = partsOf(stored).map((part) => sourceOf(render(part), split(WHOLE), size));
        const merged = await merge(sources, createWriter());
        const expected = await listSeries(render(stored), split(WHOLE));
        assert.deepEqual(await listSeries(merged, split(WHOLE)), expected);
      }),
      { numRuns: 200 },
    );
  });
}

describe('the merge of listings', () => {
  const group = (job: string): string =>
    `{"labels":{"job":"${job}"},"push_time_seconds":{"metrics":[{"labels":{"job":"${job}"},"value":"1"}]}}`;
  const listing = (...jobs: readonly string[]): string =>
    `{"status":"success","data":[${jobs.map(group).join(',')}]}`;
  const none = '{"status":"success","data":null}';

  const mergeAll = async (texts: readonly string[], size: number, scope = WHOLE) => {
    let refused = 0;
    const sources = texts.map((text) => {
      let at = 0;
      return {
        async read() {
          at += size;
          return at - size < text.length ? Buffer.from(text.slice(at - size, at)) : undefined;
        },
        fail() {
          refused += 1;
        },
      };
    });
    let merged = '';
    for await (const part of mergeListings(sources, scope)) merged += part;
    return { merged, refused };
  };

  for (const size of [1, 5, 10_000]) {
    test(`groups of all, one after another, in pieces of ${size}`, async () => {
      const { merged, refused } = await mergeAll(
        [none, listing('a', 'b'), none, listing('c')],
        size,
      );
      assert.equal(merged, listing('a', 'b', 'c'));
      assert.equal(refused, 0);
      assert.equal(
        (await mergeAll([listing('a'), listing('own')], size, OWN)).merged,
        listing('own'),
      );
      assert.equal((await mergeAll([none, none], size)).merged, listing());
    });

    test(`one that breaks off ends with its last whole group, in pieces of ${size}`, async () => {
      const broken = listing('a', 'b').slice(0, -20);
      const { merged, refused } = await mergeAll([broken, listing('c')], size);
      assert.equal(merged, listing('a', 'c'));
      assert.equal(refused, 1);
    });
  }
});
